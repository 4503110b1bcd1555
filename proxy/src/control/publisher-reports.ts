import type { Report } from '@causeway/contract';
import { stored } from './admin/stored.ts';
import { oneLine } from './one-line.ts';
import type { Database } from './store/database.ts';

export type PublisherReport = Omit<Report, 't'>;

/** A report with the time that it came, milliseconds since 1970 on our clock. */
export interface LastReport {
  readonly at: number;
  readonly report: PublisherReport;
}

/** Instances whose reports wait to be stored: more are dropped, and come again with the next report. */
const MAX_WAITING = 10_000;
const WRITTEN_AT_ONCE = 200;

/**
 * What instances of publishers last said of themselves. Every PoP stores what comes to it and reads what came to any;
 * of one that is lost the last report stays.
 */
export class PublisherReports {
  readonly #database: Database;
  readonly #now: () => number;
  readonly #waiting = new Map<string, LastReport>();

  constructor(database: Database, now: () => number) {
    this.#database = database;
    this.#now = now;
  }

  /** Stored by the next `flush`. */
  put(id: string, report: PublisherReport): void {
    if (this.#waiting.size >= MAX_WAITING && !this.#waiting.has(id)) return;
    this.#waiting.set(id, { at: this.#now(), report });
  }

  /** Rejects with `CW_STORE_FAILED`; what was not stored then waits for the next call. */
  async flush(): Promise<void> {
    const waiting = [...this.#waiting];
    for (let from = 0; from < waiting.length; from += WRITTEN_AT_ONCE) {
      const some = waiting.slice(from, from + WRITTEN_AT_ONCE);
      const rows = some.map(([id, { at, report }]) => ({ id, seen_at: at, report: JSON.stringify(clean(report)) }));
      await stored(
        this.#database.write
          .insertInto('publisher_report')
          .values(rows)
          .onConflict((c) =>
            c
              .column('id')
              .doUpdateSet((e) => ({ seen_at: e.ref('excluded.seen_at'), report: e.ref('excluded.report') })),
          )
          .execute(),
      );
      for (const [id, last] of some) if (this.#waiting.get(id) === last) this.#waiting.delete(id);
    }
  }

  /** By the id of the instance. */
  async of(ids: readonly string[]): Promise<ReadonlyMap<string, LastReport>> {
    const found = new Map<string, LastReport>();
    for (let from = 0; from < ids.length; from += WRITTEN_AT_ONCE) {
      const rows = await stored(
        this.#database.read
          .selectFrom('publisher_report')
          .selectAll()
          .where('id', 'in', ids.slice(from, from + WRITTEN_AT_ONCE))
          .execute(),
      );
      for (const { id, seen_at: at, report } of rows) {
        // What its schema let pass before it was stored.
        found.set(id, { at, report: JSON.parse(report) as PublisherReport });
      }
    }
    return found;
  }
}

function clean(report: PublisherReport): PublisherReport {
  const { system } = report;
  return {
    ...report,
    software: oneLine(report.software, 100),
    system: {
      ...system,
      hostName: oneLine(system.hostName, 255),
      os: oneLine(system.os, 50),
      osVersion: oneLine(system.osVersion, 100),
      model: oneLine(system.model, 100),
    },
  };
}
