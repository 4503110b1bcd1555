import { policyRule, type PolicyRule } from '@causeway/contract';
import { expect, test } from 'vitest';
import { OpenWindows } from './open-windows.ts';
import { factsOf } from './rule-facts.ts';
import { ZoneClock } from './zone-clock.ts';

const rule = (...times: object[]): PolicyRule =>
  policyRule.parse({ name: 'r', action: 'allow', ...(times.length === 0 ? {} : { times }) });
const MONDAY = Date.parse('2026-11-23T00:00Z');
const at = (time: string): number => Date.parse(`2026-11-23T${time}Z`);

/** The minutes of a day in which something began or ended. */
function changes(rules: PolicyRule[], zone: string, from = MONDAY): string[] {
  const windows = new OpenWindows(factsOf([], rules).times, new ZoneClock(zone), from);
  const found: string[] = [];
  for (let now = from; now < from + 86_400_000; now += 20_000) {
    if (windows.changed(now)) found.push(new Date(now).toISOString().slice(11, 19));
  }
  return found;
}

test('tells once when a time begins and when it ends, in the zone of the policy', () => {
  const office = rule({ days: ['mon'], from: '08:00', to: '18:30' });
  expect(changes([rule(), office], 'UTC')).toEqual(['08:00:00', '18:30:00']);
  expect(changes([office], 'Europe/Zurich')).toEqual(['07:00:00', '17:30:00']);
  expect(changes([rule({ days: ['tue'] })], 'UTC')).toEqual([]);
});

test('sees each rule alone: one that begins where another ends is a change', () => {
  const rules = [
    rule({ from: '08:00', to: '12:00' }),
    rule({ from: '12:00', to: '13:00' }, { from: '20:00', to: '04:00' }),
  ];
  expect(changes(rules, 'UTC')).toEqual(['04:00:00', '08:00:00', '12:00:00', '13:00:00', '20:00:00']);
});

test('sees what passed while nobody asked, and a clock that was set back', () => {
  const windows = new OpenWindows(
    factsOf([], [rule({ from: '08:00', to: '09:00' })]).times,
    new ZoneClock('UTC'),
    at('07:59:59.999'),
  );
  expect(windows.changed(at('08:00'))).toBe(true);
  expect(windows.changed(at('08:00:59'))).toBe(false);
  expect(windows.changed(at('12:00'))).toBe(true);
  expect(windows.changed(at('08:30'))).toBe(true);
});

test('follows the zone into summer time', () => {
  const night = rule({ days: ['sun'], from: '02:30', to: '05:00' }); // 02:30 does not exist then
  expect(changes([night], 'Europe/Zurich', Date.parse('2026-03-29T00:00Z'))).toEqual(['01:00:00', '03:00:00']);
});
