import { POP_BEAT_MS, type Pop, type Pops } from './pops.ts';

/** How often to look. */
export const POP_LOOK_MS = 500;

type Report = Omit<Pop, 'seenAt'>;

/** Writes down what this PoP is, for every PoP to read: each beat, and at the next look after tunnels or snapshot changed. */
export class PopReport {
  readonly #pops: Pick<Pops, 'report'>;
  readonly #report: () => Report;
  readonly #now: () => number;
  #told = '';
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(pops: Pick<Pops, 'report'>, report: () => Report, now: () => number) {
    this.#pops = pops;
    this.#report = report;
    this.#now = now;
  }

  async look(): Promise<void> {
    const report = this.#report();
    const changing = JSON.stringify([
      report.snapshot,
      report.degraded,
      report.workers.map(({ worker, snapshot, publishers }) => [worker, snapshot, publishers.map(({ id }) => id)]),
    ]);
    if (changing === this.#told && this.#now() - this.#toldAt < POP_BEAT_MS) return;
    await this.#pops.report(report);
    this.#told = changing;
    this.#toldAt = this.#now();
  }
}
