import { CoreError } from '../errors.ts';
import { POLICY_MINUTE_DAY as DAY, POLICY_MINUTE_WEEK as WEEK } from '../layout.gen.ts';
import type { PolicyDay, PolicyTimeWindow } from './policy-input.ts';

const DAYS: readonly PolicyDay[] = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
/** Of a Date (ECMA-262 §21.4.1.1). */
const MAX_TIME = 8.64e15;
export const MAX_WINDOWS = 100;

/** Half-open, in minutes of the week from Monday 00:00. */
export interface MinuteSpan {
  readonly from: number;
  readonly to: number;
}

/**
 * The time on the clock of the zone given, in milliseconds, as `decide` of the module takes it. Throws
 * `CW_CORE_ARGUMENT` on what is no time or no offset.
 */
export function zoneTime(now: number, utcOffset: number | undefined): number {
  if (!(now >= -MAX_TIME && now <= MAX_TIME)) {
    throw new CoreError('CW_CORE_ARGUMENT', 'now is a number of milliseconds, as a Date holds it');
  }
  if (utcOffset === undefined) return now;
  if (!(utcOffset >= -DAY && utcOffset <= DAY)) {
    throw new CoreError('CW_CORE_ARGUMENT', `an offset from UTC is at most ${DAY} minutes`);
  }
  return now + utcOffset * 60_000;
}

/** The windows as ascending spans that neither touch nor pass the end of the week. Throws `CW_CORE_POLICY`. */
export function weekSpans(windows: readonly PolicyTimeWindow[]): MinuteSpan[] {
  if (windows.length > MAX_WINDOWS) throw new CoreError('CW_CORE_POLICY', `more than ${MAX_WINDOWS} times in a rule`);
  const spans: MinuteSpan[] = [];
  for (const { days, from, to } of windows) {
    if (!isMinute(from) || !isMinute(to)) throw new CoreError('CW_CORE_POLICY', 'a time of day is 0 to 1440 minutes');
    for (const day of days) {
      const index = DAYS.indexOf(day);
      if (index < 0) throw new CoreError('CW_CORE_POLICY', 'a day is mon, tue, wed, thu, fri, sat or sun');
      const start = index * DAY + from;
      const end = index * DAY + to + (to > from ? 0 : DAY);
      if (start < WEEK) spans.push({ from: start, to: Math.min(end, WEEK) });
      if (end > WEEK) spans.push({ from: Math.max(0, start - WEEK), to: end - WEEK });
    }
  }
  return mergeSpans(spans);
}

const isMinute = (value: number): boolean => Number.isInteger(value) && value >= 0 && value <= DAY;

function mergeSpans(spans: readonly MinuteSpan[]): MinuteSpan[] {
  const merged: { from: number; to: number }[] = [];
  for (const { from, to } of spans.toSorted((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last !== undefined && from <= last.to) last.to = Math.max(last.to, to);
    else merged.push({ from, to });
  }
  return merged;
}
