import { z } from 'zod';

/** `08:00` to `24:00`. */
const timeOfDay = z
  .string()
  .regex(/^(?:(?:[01]\d|2[0-3]):[0-5]\d|24:00)$/, 'a time of day in two digits each, 00:00 to 24:00')
  .describe('a time of day, 00:00 to 24:00');

const WEEK = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

/**
 * Every week on each of `days` from `from`, included, to `to`, excluded, in the configuration's time zone. Where `to` is
 * not after `from`, the window ends on the following day.
 */
export const timeWindow = z.strictObject({
  days: z
    .array(z.enum(WEEK))
    .min(1)
    .default([...WEEK])
    .describe('the days on which it begins; all where absent'),
  from: timeOfDay.default('00:00'),
  to: timeOfDay.default('24:00').describe('excluded; not after from: on the following day'),
});
export type TimeWindow = z.infer<typeof timeWindow>;

/** @param text a checked time of day @returns minutes since midnight, 0 to 1440 */
export function parseTimeOfDay(text: string): number {
  const [hours, minutes] = text.split(':').map(Number);
  return (hours ?? 0) * 60 + (minutes ?? 0);
}
