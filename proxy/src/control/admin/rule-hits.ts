import type { EventRecord } from '../../rpc/messages.ts';
import type { Database } from '../store/database.ts';
import { stored } from './stored.ts';

export interface RuleHit {
  readonly rule: string;
  readonly hits: number;
  readonly lastAt: number;
}

/** Rules of whom one flush can tell; what hits others meanwhile is counted as dropped. */
const MAX_RULES = 200_000;
const ROWS_AT_ONCE = 200;

/** How often each rule decided and when last. Counted in memory from what the edges report, written down now and then. */
export class RuleHits {
  readonly #database: Database;
  #counted = new Map<string, { hits: number; lastAt: number }>();
  dropped = 0;

  constructor(database: Database) {
    this.#database = database;
  }

  count(events: readonly EventRecord[]): void {
    for (const { kind, verdict, at } of events) {
      const rule = verdict?.rule ?? null;
      // A cut ends what a rule allowed before, and what tells of a decision decides nothing again.
      if (rule === null || (kind !== 'request' && kind !== 'flow')) continue;
      this.#add(rule, 1, at);
    }
  }

  /** Adds what was counted to the store; what it does not take stays counted. */
  async flush(): Promise<void> {
    const counted = [...this.#counted];
    if (counted.length === 0) return;
    this.#counted = new Map();
    let done = 0;
    try {
      for (; done < counted.length; done += ROWS_AT_ONCE) await this.#write(counted.slice(done, done + ROWS_AT_ONCE));
    } catch (error) {
      for (const [rule, { hits, lastAt }] of counted.slice(done)) this.#add(rule, hits, lastAt);
      throw error;
    }
  }

  /** Of these rules those that ever decided. At most a page of them. */
  async of(rules: readonly string[]): Promise<ReadonlyMap<string, RuleHit>> {
    if (rules.length === 0) return new Map();
    const rows = await stored(
      this.#database.read.selectFrom('rule_hit').selectAll().where('rule', 'in', rules).execute(),
    );
    const found = new Map(rows.map(({ rule, hits, last_at }) => [rule, { rule, hits, lastAt: last_at }]));
    for (const rule of rules) {
      const counted = this.#counted.get(rule);
      if (counted === undefined) continue;
      const before = found.get(rule);
      const lastAt = Math.max(before?.lastAt ?? 0, counted.lastAt);
      found.set(rule, { rule, hits: (before?.hits ?? 0) + counted.hits, lastAt });
    }
    return found;
  }

  #add(rule: string, hits: number, at: number): void {
    const entry = this.#counted.get(rule);
    if (entry !== undefined) {
      entry.hits += hits;
      entry.lastAt = Math.max(entry.lastAt, at);
    } else if (this.#counted.size < MAX_RULES) {
      this.#counted.set(rule, { hits, lastAt: at });
    } else {
      this.dropped += hits;
    }
  }

  async #write(rows: readonly [string, { hits: number; lastAt: number }][]): Promise<void> {
    const values = rows.map(([rule, { hits, lastAt }]) => ({ rule, hits, last_at: lastAt }));
    await stored(
      this.#database.write
        .insertInto('rule_hit')
        .values(values)
        .onConflict((c) =>
          c.column('rule').doUpdateSet((e) => ({
            hits: e('rule_hit.hits', '+', e.ref('excluded.hits')),
            last_at: e
              .case()
              .when('rule_hit.last_at', '>', e.ref('excluded.last_at'))
              .then(e.ref('rule_hit.last_at'))
              .else(e.ref('excluded.last_at'))
              .end(),
          })),
        )
        .execute(),
    );
  }
}
