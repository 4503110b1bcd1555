import type { Selectable } from 'kysely';
import type { EventRecord } from '../../rpc/messages.ts';
import { nameKey } from '../directory/names.ts';
import { bareEvent } from '../events/bare-event.ts';
import type { EventLog } from '../events/event-log.ts';
import type { Database } from '../store/database.ts';
import type { StoreTables } from '../store/schema.ts';
import { beyond, keyset, pageOf } from './page.ts';
import { stored } from './stored.ts';

/** Who did what, or tried to. */
export interface AuditEntry {
  readonly actor: string;
  readonly actorKind: string;
  /** Of the token or session, because names of tokens may be equal; empty where there is none. */
  readonly actorId: string;
  readonly address: string;
  /** `PUT /apps/{name}`; what is not of the API has a word of its own. */
  readonly action: string;
  /** `/apps/wiki` */
  readonly target: string;
  readonly reference: string;
  readonly detail: string;
}

export interface AuditRecord extends AuditEntry {
  readonly id: number;
  readonly at: number;
  /** `begun` where the end was never written: whether it was done is not known. */
  readonly result: string;
}

export interface AuditQuery {
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly sort: string;
  readonly actor?: string | undefined;
  readonly action?: string | undefined;
  readonly target?: string | undefined;
  readonly result?: string | undefined;
  readonly reference?: string | undefined;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

const MAX_DETAIL = 4_000;
const MAX_TARGET = 500;

export interface AuditLogOptions {
  readonly database: Database;
  readonly eventLog: Pick<EventLog, 'record'>;
  /** Told of each entry when it is there. */
  readonly onEntry: (entry: AuditEntry) => void;
  readonly now: () => number;
}

/**
 * What administrators did. An entry is there before the deed begins: nothing is done that is not written down. Its
 * beginning and its end are events, each written in one transaction with the entry.
 */
export class AuditLog {
  readonly #options: AuditLogOptions;

  constructor(options: AuditLogOptions) {
    this.#options = options;
  }

  /** @returns what `end` takes */
  async begin(entry: AuditEntry, result = 'begun'): Promise<number> {
    const { eventLog, onEntry, now } = this.#options;
    const { actor, actorKind, actorId, address, action, reference } = entry;
    const seq = await eventLog.record(async (tx) => {
      const row = await tx
        .insertInto('audit')
        .values({
          at: now(),
          actor,
          actor_key: nameKey(actor),
          actor_kind: actorKind,
          actor_id: actorId,
          address,
          action,
          target: entry.target.slice(0, MAX_TARGET),
          result,
          reference,
          detail: entry.detail.slice(0, MAX_DETAIL),
        })
        .returningAll()
        .executeTakeFirstOrThrow();
      return { events: [auditEvent(row, row.at)], value: row.seq };
    });
    onEntry(entry);
    return seq;
  }

  async end(id: number, result: string): Promise<void> {
    const { eventLog, now } = this.#options;
    await eventLog.record(async (tx) => {
      const row = await tx.updateTable('audit').set({ result }).where('seq', '=', id).returningAll().executeTakeFirst();
      return { events: row === undefined ? [] : [auditEvent(row, now())], value: undefined };
    });
  }

  async list(query: AuditQuery): Promise<{ items: AuditRecord[]; next: string | null }> {
    const seq = { column: 'seq', type: 'number' } as const;
    const keys = keyset(query, { at: { column: 'at', type: 'number' } }, seq);
    const direction = keys.descending ? 'desc' : 'asc';
    let rows = this.#options.database.read.selectFrom('audit').selectAll().where(beyond(keys));
    if (query.actor !== undefined) rows = rows.where('actor_key', '=', nameKey(query.actor));
    for (const field of ['action', 'target', 'result', 'reference'] as const) {
      const value = query[field];
      if (value !== undefined) rows = rows.where(field, '=', value);
    }
    if (query.from !== undefined) rows = rows.where('at', '>=', query.from);
    if (query.to !== undefined) rows = rows.where('at', '<', query.to);
    const found = await stored(
      rows
        .orderBy('at', direction)
        .orderBy('seq', direction)
        .limit(query.limit + 1)
        .execute(),
    );
    return pageOf(found, query, toRecord, (row) => ({ value: row.at, id: row.seq }));
  }
}

const WENT_ON = new Set(['begun', 'done']);

/** A deed's beginning or end as an event: found by the reference that answer and log have, too. */
function auditEvent(row: Selectable<StoreTables['audit']>, at: number): EventRecord {
  const { actor, address, action, target, result, reference } = row;
  return bareEvent({
    at,
    decision: reference === '' ? `audit ${row.seq}` : reference,
    kind: 'audit',
    user: actor,
    address,
    verb: action,
    path: target,
    verdict: { action: WENT_ON.has(result) ? 'allow' : 'block', rule: null, why: result },
  });
}

function toRecord(row: Selectable<StoreTables['audit']>): AuditRecord {
  const { seq, actor_key: _key, actor_kind: actorKind, actor_id: actorId, ...rest } = row;
  return { id: seq, actorKind, actorId, ...rest };
}
