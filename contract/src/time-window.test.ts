import { describe, expect, it } from 'vitest';
import { parseTimeOfDay, timeWindow } from './time-window.ts';

describe('timeWindow', () => {
  it('is all day, every day, unless it says otherwise', () => {
    expect(timeWindow.parse({})).toEqual({
      days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'],
      from: '00:00',
      to: '24:00',
    });
    expect(timeWindow.parse({ days: ['fri'], from: '22:00', to: '06:00' })).toEqual({
      days: ['fri'],
      from: '22:00',
      to: '06:00',
    });
  });

  it.each([
    { days: [] },
    { days: ['monday'] },
    { from: '8:00' },
    { from: '24:01' },
    { to: '12:60' },
    { to: 480 },
    { zone: 'UTC' },
  ])('refuses %j', (window) => expect(timeWindow.safeParse(window).success).toBe(false));
});

describe('parseTimeOfDay', () => {
  it.each([
    ['00:00', 0],
    ['08:05', 485],
    ['24:00', 1_440],
  ])('reads %s', (text, minutes) => expect(parseTimeOfDay(text)).toBe(minutes));
});
