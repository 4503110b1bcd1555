const MINUTE_MS = 60_000;

/** How far a time zone is from UTC. Asking `Intl` costs microseconds, so the answer is kept for its minute. */
export class ZoneClock {
  readonly zone: string;
  readonly #format: Intl.DateTimeFormat | null;
  #minute = Number.NaN;
  #offset = 0;

  /** @param zone an IANA name; throws `RangeError` on one that this runtime does not know */
  constructor(zone: string) {
    this.zone = zone;
    const parts = { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric' } as const;
    this.#format =
      zone === 'UTC'
        ? null
        : new Intl.DateTimeFormat('en', { ...parts, timeZone: zone, calendar: 'iso8601', hourCycle: 'h23' });
  }

  /** @param now milliseconds since 1970 @returns minutes east of UTC */
  offset(now: number): number {
    if (this.#format === null) return 0;
    const minute = Math.floor(now / MINUTE_MS);
    if (minute !== this.#minute) {
      this.#offset = localMinute(this.#format, now) - minute;
      this.#minute = minute;
    }
    return this.#offset;
  }
}

/** Minutes since 1970 on the zone's own clock. */
function localMinute(format: Intl.DateTimeFormat, now: number): number {
  const parts = new Map(format.formatToParts(now).map(({ type, value }) => [type, Number(value)]));
  const of = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
  return Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute')) / MINUTE_MS;
}

export function isTimeZone(zone: string): boolean {
  try {
    return new ZoneClock(zone).zone === zone;
  } catch {
    return false;
  }
}
