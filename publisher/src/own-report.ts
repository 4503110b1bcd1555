import { REPORTED_APPS, type Report, type SystemFacts } from '@causeway/contract';

type AppHealth = NonNullable<Report['apps']>[number];

/** Apps whose last attempt is remembered. */
const MAX_APPS = 10_000;
const NO_FACTS: SystemFacts = { hostName: '', os: '', osVersion: '', model: '', machine: '' };

export interface OwnReportOptions {
  readonly software: string;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** Microseconds of processor time that this process has used. */
  readonly cpuMicros?: () => number;
  /** Bytes. */
  readonly memory?: () => number;
}

/** What the publisher knows of its load and of how its apps answered, for the PoP. */
export class OwnReport {
  readonly #software: string;
  readonly #now: () => number;
  readonly #cpuMicros: () => number;
  readonly #memory: () => number;
  readonly #startedAt: number;
  /** The attempt that is longest ago first. */
  readonly #apps = new Map<string, AppHealth>();
  #system: SystemFacts = NO_FACTS;
  #streams = 0;
  #bytesUp = 0;
  #bytesDown = 0;
  #cpuBefore: number;
  #askedAt: number;

  constructor({ software, now = Date.now, cpuMicros = ownCpu, memory = ownMemory }: OwnReportOptions) {
    this.#software = software;
    this.#now = now;
    this.#cpuMicros = cpuMicros;
    this.#memory = memory;
    this.#startedAt = now();
    this.#askedAt = this.#startedAt;
    this.#cpuBefore = cpuMicros();
  }

  set system(facts: SystemFacts) {
    this.#system = facts;
  }

  /** An app was reached, or not. @param code why not */
  tried(app: string, code: string | null): void {
    this.#apps.delete(app);
    this.#apps.set(app, { name: app, at: this.#now(), code });
    const [oldest] = this.#apps.keys();
    if (this.#apps.size > MAX_APPS && oldest !== undefined) this.#apps.delete(oldest);
  }

  opened(): void {
    this.#streams += 1;
  }

  ended({ up, down }: { readonly up: number; readonly down: number }): void {
    this.#streams -= 1;
    this.#bytesUp += up;
    this.#bytesDown += down;
  }

  /** Load since the last time that this was asked. */
  take(): Omit<Report, 't'> {
    const now = this.#now();
    const cpu = this.#cpuMicros();
    const elapsed = Math.max(1, now - this.#askedAt);
    const used = Math.max(0, (cpu - this.#cpuBefore) / 1_000 / elapsed);
    this.#askedAt = now;
    this.#cpuBefore = cpu;
    return {
      software: this.#software,
      startedAt: this.#startedAt,
      system: this.#system,
      load: {
        streams: this.#streams,
        bytesUp: this.#bytesUp,
        bytesDown: this.#bytesDown,
        cpu: Math.round(Math.min(used, 4_096) * 1_000) / 1_000,
        memoryBytes: this.#memory(),
      },
      apps: this.#reported(),
    };
  }

  /** Those that fail, then those tried last. */
  #reported(): AppHealth[] {
    const latest = [...this.#apps.values()].toReversed();
    const failing = latest.filter(({ code }) => code !== null);
    return [...failing, ...latest.filter(({ code }) => code === null)].slice(0, REPORTED_APPS);
  }
}

function ownCpu(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

function ownMemory(): number {
  return process.memoryUsage.rss();
}
