import type { TimeWindow } from '@causeway/contract';
import { compilePolicy, PolicyMatcher, type PolicyProbe, type PolicySession } from '@causeway/wasm-core';
import { coreWindow } from './policy-input.ts';
import type { ZoneClock } from './zone-clock.ts';

const MINUTE_MS = 60_000;

/**
 * Which of the policy's times of the week are now, so that what was decided before one began or ended is decided again.
 * The core answers that too, by a policy of its own: one app and one rule for each set of times.
 */
export class OpenWindows {
  readonly #matcher: PolicyMatcher;
  readonly #session: PolicySession;
  readonly #clock: ZoneClock;
  readonly #apps: number;
  #minute: number;
  #open: string;

  /**
   * @param distinct the sets of times that rules name
   * @param now milliseconds since 1970, as of which the first `changed` tells
   */
  constructor(distinct: readonly (readonly TimeWindow[])[], clock: ZoneClock, now: number) {
    const windows = distinct.map((times) => times.map(coreWindow));
    this.#clock = clock;
    this.#apps = windows.length;
    this.#matcher = new PolicyMatcher(
      compilePolicy({
        apps: windows.map((_, i) => ({ name: String(i), tags: [] })),
        rules: windows.map((times, i) => ({ apps: [String(i)], times })),
      }),
    );
    this.#session = this.#matcher.open({ user: '', groups: [], method: 'browser' });
    this.#minute = Math.floor(now / MINUTE_MS);
    this.#open = this.#openAt(now);
  }

  /** Whether other times are now than when this was last asked. Cheap within a minute: times end with one. */
  changed(now: number): boolean {
    const minute = Math.floor(now / MINUTE_MS);
    if (minute === this.#minute) return false;
    this.#minute = minute;
    const before = this.#open;
    this.#open = this.#openAt(now);
    return this.#open !== before;
  }

  #openAt(now: number): string {
    const flow = { protocol: 'tcp', port: 0, now, utcOffset: this.#clock.offset(now) } as const;
    const probes = Array.from({ length: this.#apps }, (_, app): PolicyProbe => ({ ...flow, app }));
    return this.#matcher.decideAll(this.#session, probes).join();
  }
}
