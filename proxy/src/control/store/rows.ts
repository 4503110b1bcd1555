import type { Selectable } from 'kysely';
import type { SessionGrant } from '../../rpc/messages.ts';
import type { StoreTables } from './schema.ts';
import type { DeviceRecord, PublisherRecord, SessionRecord } from './store.ts';

/** Rows of the tables as the records that the control process knows. */
export type GrantRow = Pick<Selectable<StoreTables['app_token']>, 'token_hash' | 'host'> &
  Pick<
    Selectable<StoreTables['session']>,
    'id' | 'user' | 'display_name' | 'groups' | 'ou' | 'created_at' | 'expires_at'
  >;

export function toGrant(row: GrantRow): SessionGrant {
  return {
    tokenHash: row.token_hash,
    host: row.host,
    principal: {
      user: row.user,
      displayName: row.display_name,
      groups: list(row.groups),
      ...(row.ou === null ? {} : { ou: row.ou }),
      method: 'browser',
      authenticatedAt: row.created_at,
      session: row.id,
    },
    expiresAt: row.expires_at,
  };
}

export function toSession(row: Selectable<StoreTables['session']>): SessionRecord {
  return {
    id: row.id,
    user: row.user,
    displayName: row.display_name,
    groups: list(row.groups),
    ou: row.ou,
    loginHash: row.login_hash,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    address: row.address,
    nameId: row.name_id,
    sessionIndex: row.session_index,
  };
}

export function fromSession(session: SessionRecord): Selectable<StoreTables['session']> {
  return {
    id: session.id,
    user: session.user,
    display_name: session.displayName,
    groups: JSON.stringify(session.groups),
    ou: session.ou,
    login_hash: session.loginHash,
    created_at: session.createdAt,
    expires_at: session.expiresAt,
    address: session.address,
    name_id: session.nameId,
    session_index: session.sessionIndex,
  };
}

export function toPublisher(row: Selectable<StoreTables['publisher']>): PublisherRecord {
  return { id: row.id, name: row.name, createdAt: row.created_at, revokedAt: row.revoked_at };
}

export function toDevice(row: Selectable<StoreTables['device']>): DeviceRecord {
  return { id: row.id, name: row.name, user: row.user, createdAt: row.created_at, revokedAt: row.revoked_at };
}

export function list(text: string): string[] {
  return JSON.parse(text) as string[];
}
