import type { Selectable, Transaction } from 'kysely';
import { CausewayError } from '@causeway/contract';
import { newId } from '../../admin/identifiers.ts';
import { beyond, keyset, pageOf } from '../../admin/page.ts';
import { stored } from '../../admin/stored.ts';
import { nameKey } from '../../directory/names.ts';
import type { Database } from '../../store/database.ts';
import type { StoreTables } from '../../store/schema.ts';
import { bareEvent } from '../bare-event.ts';
import type { EventLog } from '../event-log.ts';
import { pseudonymOf, type EventPrivacy } from '../privacy.ts';
import type { FoundIncident, Incident, IncidentChange, IncidentMatch, IncidentQuery } from './incident.ts';
import { redacted } from './redacted.ts';

export interface IncidentsOptions {
  readonly database: Database;
  readonly eventLog: Pick<EventLog, 'record'>;
  readonly privacy: () => EventPrivacy;
  /** Of the pseudonyms, 32 bytes. */
  readonly key: Buffer;
  readonly now: () => number;
}

const MAX_MATCHES = 50;
const MAX_EXCERPTS = 5;
const MAX_NOTES = 200;
const MAX_TEXT = 500;

/** What content inspection found where it should not be, and what people make of it. */
export class Incidents {
  readonly #options: IncidentsOptions;

  constructor(options: IncidentsOptions) {
    this.#options = options;
  }

  /**
   * Makes an incident of what inspection found, and the event that tells of it, in one transaction. Excerpts are
   * redacted here and kept nowhere as they were; what privacy takes from events it takes from incidents.
   *
   * @throws CausewayError `CW_STORE_FAILED`
   */
  async open(found: FoundIncident): Promise<Incident> {
    const { eventLog, privacy, key, now } = this.#options;
    const switches = privacy();
    const user = found.user !== null && switches.pseudonymiseUser ? pseudonymOf(key, found.user) : found.user;
    const file = found.file;
    const row: Selectable<StoreTables['incident']> = {
      id: newId('in'),
      at: found.at,
      decision: found.decision,
      user,
      user_key: user === null ? null : nameKey(user),
      device: switches.dropOwner ? null : found.device,
      app: found.app,
      direction: found.direction,
      profile: found.profile,
      rule: found.rule,
      action: found.action,
      severity: found.severity,
      matches: JSON.stringify(found.matches.slice(0, MAX_MATCHES).map(shown)),
      file_name: file?.name === undefined || switches.dropPath ? null : plain(file.name),
      file_type: file === null ? null : plain(file.type),
      file_size: file?.size ?? null,
      file_hash: file?.sha256 ?? null,
      state: 'open',
      assignee: null,
      assignee_key: null,
      notes: '[]',
      evidence: found.evidence,
      updated_at: now(),
      updated_by: 'inspection',
      revision: 1,
    };
    const finds = found.matches.reduce((sum, { count }) => sum + count, 0);
    const why = `${finds} finds of profile ${found.profile}, ${found.direction}`;
    await eventLog.record(async (tx) => {
      await tx.insertInto('incident').values(row).execute();
      const event = bareEvent({
        at: found.at,
        decision: found.decision,
        kind: 'incident',
        user: found.user,
        device: found.device,
        app: found.app,
        path: `incident ${row.id}`,
        verdict: { action: found.action === 'block' ? 'block' : 'allow', rule: found.rule, why },
      });
      return { events: [event], value: undefined };
    });
    return toIncident(row);
  }

  /** @throws CausewayError `CW_NOT_FOUND`, `CW_PRECONDITION_FAILED`, `CW_CONFLICT` (too many notes) */
  async change(id: string, change: IncidentChange): Promise<Incident> {
    const { database, now } = this.#options;
    const { state, severity, assignee, note, by, ifRevision } = change;
    return stored(
      database.transaction(async (tx) => {
        const found = await oneOf(tx, id);
        if (found === null) throw new CausewayError('CW_NOT_FOUND', `there is no incident ${id}`);
        if (ifRevision !== undefined && found.revision !== ifRevision)
          throw new CausewayError('CW_PRECONDITION_FAILED');
        const at = now();
        const notes = note === undefined ? found.notes : [...found.notes, { at, by, text: note }];
        if (notes.length > MAX_NOTES)
          throw new CausewayError('CW_CONFLICT', `an incident has ${MAX_NOTES} notes at most`);
        const row = await tx
          .updateTable('incident')
          .set({
            ...(state === undefined ? {} : { state }),
            ...(severity === undefined ? {} : { severity }),
            ...(assignee === undefined ? {} : { assignee, assignee_key: assignee === null ? null : nameKey(assignee) }),
            notes: JSON.stringify(notes),
            updated_at: at,
            updated_by: by,
            revision: found.revision + 1,
          })
          .where('id', '=', id)
          .where('revision', '=', found.revision)
          .returningAll()
          .executeTakeFirst();
        // Somebody else was quicker between the look and the write, which only one of two databases lets happen.
        if (row === undefined) throw new CausewayError('CW_PRECONDITION_FAILED');
        return toIncident(row);
      }),
    );
  }

  async get(id: string): Promise<Incident | null> {
    return stored(oneOf(this.#options.database.read, id));
  }

  async list(query: IncidentQuery): Promise<{ items: Incident[]; next: string | null }> {
    const keys = keyset(query, { at: { column: 'at', type: 'number' } }, { column: 'id', type: 'string' });
    const direction = keys.descending ? 'desc' : 'asc';
    let rows = this.#options.database.read.selectFrom('incident').selectAll().where(beyond(keys));
    for (const field of ['decision', 'app', 'profile', 'state', 'severity', 'direction', 'action'] as const) {
      const value = query[field];
      if (value !== undefined) rows = rows.where(field, '=', value);
    }
    if (query.user !== undefined) rows = rows.where('user_key', '=', nameKey(query.user));
    if (query.assignee !== undefined) rows = rows.where('assignee_key', '=', nameKey(query.assignee));
    if (query.from !== undefined) rows = rows.where('at', '>=', query.from);
    if (query.to !== undefined) rows = rows.where('at', '<', query.to);
    const found = await stored(
      rows
        .orderBy('at', direction)
        .orderBy('id', direction)
        .limit(query.limit + 1)
        .execute(),
    );
    return pageOf(found, query, toIncident, (row) => ({ value: row.at, id: row.id }));
  }
}

async function oneOf(db: Pick<Transaction<StoreTables>, 'selectFrom'>, id: string): Promise<Incident | null> {
  const row = await db.selectFrom('incident').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : toIncident(row);
}

/** PostgreSQL's text has no NUL, and a name may be anything. */
function plain(text: string): string {
  return text.replaceAll('\0', '').slice(0, MAX_TEXT);
}

function shown({ identifier, count, excerpts }: FoundIncident['matches'][number]): IncidentMatch {
  return { identifier, count, excerpts: excerpts.slice(0, MAX_EXCERPTS).map(redacted) };
}

function toIncident(row: Selectable<StoreTables['incident']>): Incident {
  const { file_name: name, file_type: type, file_size: size, file_hash: sha256 } = row;
  return {
    id: row.id,
    at: row.at,
    decision: row.decision,
    user: row.user,
    device: row.device,
    app: row.app,
    direction: row.direction,
    profile: row.profile,
    rule: row.rule,
    action: row.action,
    severity: row.severity,
    matches: JSON.parse(row.matches) as IncidentMatch[],
    file: type === null || size === null || sha256 === null ? null : { name, type, size, sha256 },
    state: row.state,
    assignee: row.assignee,
    notes: JSON.parse(row.notes) as Incident['notes'],
    evidence: row.evidence,
    updatedAt: row.updated_at,
    updatedBy: row.updated_by,
    revision: row.revision,
  };
}
