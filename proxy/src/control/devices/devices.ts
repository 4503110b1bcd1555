import type { Selectable } from 'kysely';
import { CausewayError } from '@causeway/contract';
import { beyond, keyset, pageOf } from '../admin/page.ts';
import { stored } from '../admin/stored.ts';
import { nameKey } from '../directory/names.ts';
import type { Revocations } from '../revocation-feed.ts';
import type { Database } from '../store/database.ts';
import { raiseEpoch } from '../store/epoch.ts';
import type { StoreTables } from '../store/schema.ts';
import { afterStep, type DeviceState, type DeviceStep } from './device-states.ts';

export interface Device {
  /** Unique, never given twice. */
  readonly id: string;
  readonly name: string;
  readonly user: string;
  readonly state: DeviceState;
  readonly stateAt: number;
  readonly stateBy: string;
  readonly stateWhy: string;
  /** Of hardware and system, as the agent says it; empty where it says nothing. */
  readonly fingerprint: string;
  /** SHA-256 of the public key that it last came with, 64 hex digits. */
  readonly keyFingerprint: string;
  readonly hostName: string;
  readonly os: string;
  readonly osVersion: string;
  readonly model: string;
  readonly clientVersion: string;
  readonly createdAt: number;
  readonly seenAt: number | null;
  readonly revision: number;
}

export interface DeviceQuery {
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly sort: string;
  /** Exact matches, all of which must hold. */
  readonly id?: string | undefined;
  readonly name?: string | undefined;
  readonly user?: string | undefined;
  readonly state?: DeviceState | undefined;
  readonly fingerprint?: string | undefined;
  readonly keyFingerprint?: string | undefined;
  readonly hostName?: string | undefined;
  readonly os?: string | undefined;
  readonly osVersion?: string | undefined;
  readonly model?: string | undefined;
  readonly clientVersion?: string | undefined;
  readonly seenSince?: number | undefined;
}

export interface DeviceChange {
  readonly step: DeviceStep;
  readonly by: string;
  readonly why: string;
  readonly ifRevision?: number | undefined;
}

/** What an agent says of the device it runs on. */
export interface DeviceDetails {
  readonly fingerprint: string;
  readonly keyFingerprint: string;
  readonly hostName: string;
  readonly os: string;
  readonly osVersion: string;
  readonly model: string;
  readonly clientVersion: string;
}

/** A soft removal becomes one at the device's next contact, or after this. */
export const SOFT_REMOVAL_MS = 3_600_000;
const SEEN_MS = 60_000;
const SWEPT_AT_ONCE = 200;
const DETAILS = [
  'fingerprint',
  'keyFingerprint',
  'hostName',
  'os',
  'osVersion',
  'model',
  'clientVersion',
] as const satisfies readonly (keyof DeviceDetails)[];
const SORTS = {
  name: { column: 'name_key', type: 'string' },
  user: { column: 'user_key', type: 'string' },
  createdAt: { column: 'created_at', type: 'number' },
  stateAt: { column: 'state_at', type: 'number' },
} as const;

export interface DevicesOptions {
  readonly database: Database;
  readonly revocations: Revocations;
  /** Enrolled devices that a person may have. */
  readonly perPerson: () => number;
  readonly now: () => number;
}

/** Enrolled devices and their states. A change of state that ends access is told to every edge before it resolves. */
export class Devices {
  readonly #options: DevicesOptions;

  constructor(options: DevicesOptions) {
    this.#options = options;
  }

  async get(id: string): Promise<Device | null> {
    const row = await stored(
      this.#options.database.read.selectFrom('device').selectAll().where('id', '=', id).executeTakeFirst(),
    );
    return row === undefined ? null : toDevice(row);
  }

  async list(query: DeviceQuery): Promise<{ items: Device[]; next: string | null }> {
    const keys = keyset(query, SORTS, { column: 'id', type: 'string' });
    const direction = keys.descending ? 'desc' : 'asc';
    let rows = this.#options.database.read.selectFrom('device').selectAll().where(beyond(keys));
    const exact = {
      id: query.id,
      state: query.state,
      fingerprint: query.fingerprint,
      key_fingerprint: query.keyFingerprint,
      host_name: query.hostName,
      os: query.os,
      os_version: query.osVersion,
      model: query.model,
      client_version: query.clientVersion,
      name_key: query.name === undefined ? undefined : nameKey(query.name),
      user_key: query.user === undefined ? undefined : nameKey(query.user),
    };
    for (const [column, value] of Object.entries(exact)) {
      if (value !== undefined) rows = rows.where(column as keyof typeof exact, '=', value);
    }
    if (query.seenSince !== undefined) rows = rows.where('seen_at', '>=', query.seenSince);
    const column = keys.column as 'name_key';
    const found = await stored(
      rows
        .orderBy(column, direction)
        .orderBy('id', direction)
        .limit(query.limit + 1)
        .execute(),
    );
    return pageOf(found, query, toDevice, (row) => ({ value: row[column], id: row.id }));
  }

  /** How many more a person may enrol. */
  async room(user: string): Promise<number> {
    const { count } = await stored(
      this.#options.database.read
        .selectFrom('device')
        .select((e) => e.fn.countAll<number>().as('count'))
        .where('user_key', '=', nameKey(user))
        .where('state', '<>', 'removed')
        .executeTakeFirstOrThrow(),
    );
    return Math.max(0, this.#options.perPerson() - count);
  }

  /** @throws CausewayError `CW_NOT_FOUND`, `CW_CONFLICT` (not from that state), `CW_PRECONDITION_FAILED` */
  async change(id: string, change: DeviceChange): Promise<Device> {
    const { device, before } = await this.#step(id, change);
    const why = change.why === '' ? WORDS[change.step] : change.why;
    if (device.state === 'removed') await this.#options.revocations.revoke({ devices: [id], why });
    else if (device.state === 'quarantined') await this.#options.revocations.revoke({ quarantined: [id], why });
    else if (before === 'quarantined') await this.#options.revocations.revoke({ why });
    return device;
  }

  /**
   * The device connects, renews or has just enrolled.
   *
   * @throws CausewayError `CW_DEVICE_QUARANTINED`; `CW_CERT_REVOKED` where it is to be removed, which it is then
   */
  async contact(id: string, details: Partial<DeviceDetails> = {}): Promise<void> {
    const device = await this.get(id);
    if (device === null) return;
    if (device.state === 'quarantined') throw new CausewayError('CW_DEVICE_QUARANTINED');
    if (device.state === 'removal-pending') {
      await this.change(id, { step: 'force-remove', by: device.stateBy, why: device.stateWhy });
      throw new CausewayError('CW_CERT_REVOKED', `device ${id} was removed`);
    }
    await this.#note(device, details);
  }

  /** The device says of itself what it is, while it is connected. */
  async describe(id: string, details: Partial<DeviceDetails>): Promise<void> {
    const device = await this.get(id);
    if (device !== null) await this.#note(device, details);
  }

  async #note(device: Device, details: Partial<DeviceDetails>): Promise<void> {
    const { database, now } = this.#options;
    const said = { ...device, ...details };
    const same = DETAILS.every((name) => said[name] === device[name]);
    if (same && now() - (device.seenAt ?? 0) < SEEN_MS) return;
    await stored(
      database.write
        .updateTable('device')
        .set({
          seen_at: now(),
          fingerprint: said.fingerprint,
          key_fingerprint: said.keyFingerprint,
          host_name: said.hostName,
          os: said.os,
          os_version: said.osVersion,
          model: said.model,
          client_version: said.clientVersion,
        })
        .where('id', '=', device.id)
        .execute(),
    );
  }

  /** Its certificate was renewed: whoever had none is registered again. */
  async renewed(id: string): Promise<void> {
    const device = await this.get(id);
    if (device?.state !== 'unregistered') return;
    await this.#quietly(id, { step: 'renew', by: 'causeway', why: WORDS.renew });
  }

  /** Ends soft removals that are due, and notes whose certificates have all run out. */
  async sweep(): Promise<void> {
    const { database, now } = this.#options;
    const due = await stored(
      database.read
        .selectFrom('device')
        .select(['id', 'state_by', 'state_why'])
        .where('state', '=', 'removal-pending')
        .where('state_at', '<=', now() - SOFT_REMOVAL_MS)
        .limit(SWEPT_AT_ONCE)
        .execute(),
    );
    for (const { id, state_by: by, state_why: why } of due) await this.#quietly(id, { step: 'force-remove', by, why });
    const lapsed = await stored(
      database.read
        .selectFrom('device as d')
        .select('d.id')
        .where('d.state', '=', 'registered')
        .where((e) =>
          e.not(
            e.exists(
              e
                .selectFrom('certificate as c')
                .select('c.fingerprint')
                .whereRef('c.owner', '=', 'd.id')
                .where('c.not_after', '>', now()),
            ),
          ),
        )
        .limit(SWEPT_AT_ONCE)
        .execute(),
    );
    for (const { id } of lapsed) await this.#quietly(id, { step: 'lapse', by: 'causeway', why: WORDS.lapse });
  }

  /** Somebody else may have been quicker, which is as good. */
  async #quietly(id: string, change: DeviceChange): Promise<void> {
    try {
      await this.change(id, change);
    } catch (error) {
      if (!(error instanceof CausewayError) || error.code !== 'CW_CONFLICT') throw error;
    }
  }

  async #step(id: string, change: DeviceChange): Promise<{ device: Device; before: DeviceState }> {
    const { database, now } = this.#options;
    const { step, by, why, ifRevision } = change;
    return stored(
      database.transaction(async (tx) => {
        const found = await tx
          .updateTable('device')
          .set((e) => ({ revision: e('revision', '+', 1) }))
          .where('id', '=', id)
          .returningAll()
          .executeTakeFirst();
        if (found === undefined) throw new CausewayError('CW_NOT_FOUND', `there is no device ${id}`);
        if (ifRevision !== undefined && found.revision !== ifRevision + 1) {
          throw new CausewayError('CW_PRECONDITION_FAILED');
        }
        const state = afterStep(found.state, step);
        if (state === null) throw new CausewayError('CW_CONFLICT', `the device is ${found.state}`);
        const at = now();
        const row = await tx
          .updateTable('device')
          .set({
            state,
            state_at: at,
            state_by: by,
            state_why: why,
            ...(state === 'removed' ? { revoked_at: at } : {}),
          })
          .where('id', '=', id)
          .returningAll()
          .executeTakeFirstOrThrow();
        await raiseEpoch(tx);
        return { device: toDevice(row), before: found.state };
      }),
    );
  }
}

const WORDS: Readonly<Record<DeviceStep, string>> = {
  quarantine: 'put into quarantine',
  release: 'released from quarantine',
  remove: 'to be removed',
  'force-remove': 'removed',
  lapse: 'its certificate has run out',
  renew: 'its certificate was renewed',
};

function toDevice(row: Selectable<StoreTables['device']>): Device {
  return {
    id: row.id,
    name: row.name,
    user: row.user,
    state: row.state,
    stateAt: row.state_at,
    stateBy: row.state_by,
    stateWhy: row.state_why,
    fingerprint: row.fingerprint,
    keyFingerprint: row.key_fingerprint,
    hostName: row.host_name,
    os: row.os,
    osVersion: row.os_version,
    model: row.model,
    clientVersion: row.client_version,
    createdAt: row.created_at,
    seenAt: row.seen_at === 0 ? null : row.seen_at,
    revision: row.revision,
  };
}
