import { expect, test } from 'vitest';
import { isTimeZone, ZoneClock } from './zone-clock.ts';

test.each([
  ['UTC', '2026-07-01T00:00Z', 0],
  ['Europe/Zurich', '2026-03-29T00:59Z', 60],
  ['Europe/Zurich', '2026-03-29T01:00Z', 120],
  ['Europe/Zurich', '2026-10-25T00:59Z', 120],
  ['Europe/Zurich', '2026-10-25T01:00Z', 60],
  ['Asia/Kathmandu', '2026-01-01T23:59:59.999Z', 345],
  ['America/St_Johns', '2026-01-01T02:00Z', -210],
  ['Pacific/Kiritimati', '2026-12-31T11:00Z', 840],
])('%s at %s is %i minutes from UTC', (zone, at, minutes) => {
  expect(new ZoneClock(zone).offset(Date.parse(at))).toBe(minutes);
});

test('a clock follows a change of the zone, there and back', () => {
  const clock = new ZoneClock('Europe/Zurich');
  const before = Date.parse('2026-03-29T00:59:59.999Z');
  expect([before, before + 1, before].map((now) => clock.offset(now))).toEqual([60, 120, 60]);
});

test('knows names of the IANA database, and no others', () => {
  expect(['UTC', 'Europe/Zurich', 'America/New_York'].filter((zone) => !isTimeZone(zone))).toEqual([]);
  expect(['', 'Mars/Base', 'localtime', '8'].filter(isTimeZone)).toEqual([]);
});
