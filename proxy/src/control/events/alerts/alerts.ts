import type { Selectable, Transaction } from 'kysely';
import { CausewayError } from '@causeway/contract';
import type { EventRecord } from '../../../rpc/messages.ts';
import { newId } from '../../admin/identifiers.ts';
import { beyond, keyset, pageOf } from '../../admin/page.ts';
import { stored } from '../../admin/stored.ts';
import type { Database } from '../../store/database.ts';
import type { StoreTables } from '../../store/schema.ts';
import type { EventLog } from '../event-log.ts';
import { bareEvent } from '../bare-event.ts';
import { ALERT_RULES, type AlertRuleName } from './alert-rules.ts';

/** Something that somebody should look at. What happens again counts here instead of beginning another. */
export interface Alert {
  readonly id: string;
  readonly rule: AlertRuleName;
  /** What it is about: a publisher, an address, a certificate. */
  readonly subject: string;
  readonly severity: 'warning' | 'critical';
  readonly message: string;
  readonly state: 'open' | 'acknowledged' | 'resolved';
  readonly firstAt: number;
  readonly lastAt: number;
  readonly count: number;
  readonly acknowledgedBy: string | null;
  readonly acknowledgedAt: number | null;
  readonly resolvedAt: number | null;
  readonly revision: number;
}

export interface AlertQuery {
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly sort: string;
  readonly state?: Alert['state'] | undefined;
  readonly rule?: string | undefined;
  readonly severity?: Alert['severity'] | undefined;
}

/** What is raised. Of a PoP's own matter `pop` is its id, else empty: each PoP sees the same then. */
export interface Raised {
  readonly rule: AlertRuleName;
  readonly pop: string;
  readonly subject: string;
  readonly message: string;
}

export interface AlertsOptions {
  readonly database: Database;
  readonly eventLog: Pick<EventLog, 'record'>;
  readonly now: () => number;
}

const MAX_MESSAGE = 500;
const KEPT_MS = 90 * 24 * 3_600_000;

const RULES_OF_MOMENTS = Object.entries(ALERT_RULES).flatMap(([name, { lasting }]) => (lasting ? [] : [name]));

const liveKey = ({ rule, pop, subject }: Omit<Raised, 'message'>): string => `${rule}\n${pop}\n${subject}`;

export class Alerts {
  readonly #options: AlertsOptions;

  constructor(options: AlertsOptions) {
    this.#options = options;
  }

  /** Counts it where it lives already; else it begins, and is an event. @param times how often it happened */
  async raise(raised: Raised, times = 1): Promise<void> {
    const { eventLog, now } = this.#options;
    const live = liveKey(raised);
    const message = raised.message.slice(0, MAX_MESSAGE);
    await eventLog.record(async (tx) => {
      const at = now();
      const { numUpdatedRows } = await tx
        .updateTable('alert')
        .set((e) => ({
          count: e('count', '+', times),
          revision: e('revision', '+', 1),
          last_at: at,
          message,
        }))
        .where('live', '=', live)
        .executeTakeFirstOrThrow();
      if (numUpdatedRows > 0n) return { events: [], value: undefined };
      const { severity } = ALERT_RULES[raised.rule];
      const row = { id: newId('al'), rule: raised.rule, subject: raised.subject, live, severity, message };
      const { numInsertedOrUpdatedRows } = await tx
        .insertInto('alert')
        .values({ ...row, state: 'open', first_at: at, last_at: at, count: times, revision: 1 })
        .onConflict((c) => c.column('live').doNothing())
        .executeTakeFirstOrThrow();
      const begun = (numInsertedOrUpdatedRows ?? 0n) > 0n;
      return { events: begun ? [alertEvent(row.id, at, 'raised', raised)] : [], value: undefined };
    });
  }

  /** That its reason is gone. */
  async resolve(raised: Omit<Raised, 'message'>): Promise<void> {
    const { eventLog, now } = this.#options;
    await eventLog.record(async (tx) => {
      const at = now();
      const ended = await tx
        .updateTable('alert')
        .set((e) => ({ state: 'resolved', live: null, resolved_at: at, revision: e('revision', '+', 1) }))
        .where('live', '=', liveKey(raised))
        .returning(['id', 'message'])
        .executeTakeFirst();
      if (ended === undefined) return { events: [], value: undefined };
      return {
        events: [alertEvent(ended.id, at, 'resolved', { ...raised, message: ended.message })],
        value: undefined,
      };
    });
  }

  /** Lasting ones of a PoP that have not ended, as their subjects, by rule. */
  async lasting(pop: string): Promise<Omit<Raised, 'message'>[]> {
    const rows = await stored(
      this.#options.database.read
        .selectFrom('alert')
        .select(['live'])
        .where('live', 'is not', null)
        .orderBy('id')
        .limit(10_000)
        .execute(),
    );
    return rows.flatMap(({ live }) => {
      const [rule = '', of = '', subject = ''] = (live ?? '').split('\n');
      const known = Object.hasOwn(ALERT_RULES, rule) ? (rule as AlertRuleName) : null;
      if (known === null || !ALERT_RULES[known].lasting || (of !== pop && of !== '')) return [];
      return [{ rule: known, pop: of, subject }];
    });
  }

  /**
   * That somebody has seen it. What happens again begins another; what lasts stays this one until it ends.
   *
   * @throws CausewayError `CW_NOT_FOUND`, `CW_CONFLICT` (not open), `CW_PRECONDITION_FAILED`
   */
  async acknowledge(id: string, by: string, ifRevision: number | undefined): Promise<Alert> {
    const { database, now } = this.#options;
    return stored(
      database.transaction(async (tx) => {
        const found = await oneOf(tx, id);
        if (found === null) throw new CausewayError('CW_NOT_FOUND', `there is no alert ${id}`);
        if (ifRevision !== undefined && found.revision !== ifRevision)
          throw new CausewayError('CW_PRECONDITION_FAILED');
        if (found.state !== 'open') throw new CausewayError('CW_CONFLICT', `the alert is ${found.state}`);
        const row = await tx
          .updateTable('alert')
          .set({
            state: 'acknowledged',
            acknowledged_by: by,
            acknowledged_at: now(),
            revision: found.revision + 1,
            ...(ALERT_RULES[found.rule].lasting ? {} : { live: null }),
          })
          .where('id', '=', id)
          .where('revision', '=', found.revision)
          .returningAll()
          .executeTakeFirst();
        if (row === undefined) throw new CausewayError('CW_CONFLICT', 'it happened again at this moment');
        return toAlert(row);
      }),
    );
  }

  async get(id: string): Promise<Alert | null> {
    return stored(oneOf(this.#options.database.read, id));
  }

  async list(query: AlertQuery): Promise<{ items: Alert[]; next: string | null }> {
    const sorts = {
      lastAt: { column: 'last_at', type: 'number' },
      firstAt: { column: 'first_at', type: 'number' },
    } as const;
    const keys = keyset(query, sorts, { column: 'id', type: 'string' });
    const direction = keys.descending ? 'desc' : 'asc';
    let rows = this.#options.database.read.selectFrom('alert').selectAll().where(beyond(keys));
    for (const field of ['state', 'rule', 'severity'] as const) {
      const value = query[field];
      if (value !== undefined) rows = rows.where(field, '=', value);
    }
    const found = await stored(
      rows
        .orderBy(keys.column as 'last_at', direction)
        .orderBy('id', direction)
        .limit(query.limit + 1)
        .execute(),
    );
    return pageOf(found, query, toAlert, (row) => ({ value: row[keys.column as 'last_at'], id: row.id }));
  }

  /** Forgets what was dealt with months ago, and what only happened then; what lasts stays. */
  async sweep(): Promise<void> {
    const { database, now } = this.#options;
    await stored(
      database.write
        .deleteFrom('alert')
        .where((e) =>
          e.or([e.and([e('state', '!=', 'open'), e('live', 'is', null)]), e('rule', 'in', RULES_OF_MOMENTS)]),
        )
        .where('last_at', '<', now() - KEPT_MS)
        .execute(),
    );
  }
}

async function oneOf(db: Pick<Transaction<StoreTables>, 'selectFrom'>, id: string): Promise<Alert | null> {
  const row = await db.selectFrom('alert').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : toAlert(row);
}

function alertEvent(id: string, at: number, what: 'raised' | 'resolved', raised: Raised): EventRecord {
  const { rule, subject, message } = raised;
  return bareEvent({ at, decision: id, kind: 'alert', path: `${what} ${rule} ${subject}: ${message}` });
}

function toAlert(row: Selectable<StoreTables['alert']>): Alert {
  return {
    id: row.id,
    // Written by this class alone.
    rule: row.rule as AlertRuleName,
    subject: row.subject,
    severity: row.severity,
    message: row.message,
    state: row.state,
    firstAt: row.first_at,
    lastAt: row.last_at,
    count: row.count,
    acknowledgedBy: row.acknowledged_by,
    acknowledgedAt: row.acknowledged_at,
    resolvedAt: row.resolved_at,
    revision: row.revision,
  };
}
