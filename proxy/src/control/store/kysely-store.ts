import { CausewayError } from '@causeway/contract';
import type { Kysely, Transaction } from 'kysely';
import type { SessionGrant } from '../../rpc/messages.ts';
import type { Database, StoreLocation } from './database.ts';
import { nameKey } from '../directory/names.ts';
import { raiseEpoch } from './epoch.ts';
import { openDatabase, storeFailed } from './open-database.ts';
import type { OwnEpochs } from './own-epochs.ts';
import { fromSession, toDevice, toGrant, toPublisher, toSession } from './rows.ts';
import type { StoreTables } from './schema.ts';
import { sweep } from './sweep.ts';
import type {
  CertificateRecord,
  DeviceRecord,
  JoinTokenRecord,
  PublisherRecord,
  SessionRecord,
  Store,
} from './store.ts';
import type { ThreadOptions } from './thread-calls.ts';

/**
 * Opens or makes the store and brings it to this version.
 *
 * @throws CausewayError `CW_STORE_FAILED`
 */
export async function openStore(location: StoreLocation, options: ThreadOptions = {}): Promise<Store> {
  return storeOn(await openDatabase(location, options));
}

/** The records in a database that others use too; closing the store closes it. */
export function storeOn(database: Database): Store {
  return new KyselyStore(database);
}

/** The records of the control process, on either database, which it closes with itself. */
export class KyselyStore implements Store {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async createSession(session: SessionRecord): Promise<void> {
    await this.#run((db) => db.insertInto('session').values(fromSession(session)).execute());
  }

  async session(id: string): Promise<SessionRecord | null> {
    const row = await this.#read((db) => db.selectFrom('session').selectAll().where('id', '=', id).executeTakeFirst());
    return row === undefined ? null : toSession(row);
  }

  async sessionByLoginHash(hash: string): Promise<SessionRecord | null> {
    const row = await this.#read((db) =>
      db.selectFrom('session').selectAll().where('login_hash', '=', hash).executeTakeFirst(),
    );
    return row === undefined ? null : toSession(row);
  }

  async sessionsOf(user: string): Promise<SessionRecord[]> {
    const rows = await this.#read((db) =>
      db.selectFrom('session').selectAll().where('user', '=', user).orderBy('created_at').orderBy('id').execute(),
    );
    return rows.map(toSession);
  }

  async sessions(now: number): Promise<SessionRecord[]> {
    const rows = await this.#read((db) =>
      db.selectFrom('session').selectAll().where('expires_at', '>', now).orderBy('created_at').orderBy('id').execute(),
    );
    return rows.map(toSession);
  }

  async endSession(id: string): Promise<boolean> {
    return this.#write(async (tx) => {
      await tx.deleteFrom('app_token').where('session', '=', id).execute();
      const { numDeletedRows } = await tx.deleteFrom('session').where('id', '=', id).executeTakeFirstOrThrow();
      if (numDeletedRows === 0n) return false;
      await raiseEpoch(tx);
      return true;
    });
  }

  async addAppToken(token: { tokenHash: string; session: string; host: string; createdAt: number }): Promise<void> {
    await this.#run((db) =>
      db
        .insertInto('app_token')
        .values({
          token_hash: token.tokenHash,
          session: token.session,
          host: token.host,
          created_at: token.createdAt,
        })
        .execute(),
    );
  }

  async grant(tokenHash: string, now: number): Promise<SessionGrant | null> {
    const row = await this.#read((db) =>
      grantQuery(db, now).where('app_token.token_hash', '=', tokenHash).executeTakeFirst(),
    );
    return row === undefined ? null : toGrant(row);
  }

  async grants(now: number): Promise<SessionGrant[]> {
    const rows = await this.#read((db) => grantQuery(db, now).execute());
    return rows.map(toGrant);
  }

  async grantsOf(users: readonly string[], now: number): Promise<SessionGrant[]> {
    if (users.length === 0) return [];
    const rows = await this.#read((db) => grantQuery(db, now).where('session.user', 'in', users).execute());
    return rows.map(toGrant);
  }

  async createJoinToken(token: JoinTokenRecord): Promise<void> {
    await this.#run((db) =>
      db
        .insertInto('join_token')
        .values({ hash: token.hash, kind: token.kind, owner: token.owner, expires_at: token.expiresAt })
        .execute(),
    );
  }

  async takeJoinToken(hash: string, now: number): Promise<JoinTokenRecord | null> {
    const row = await this.#run((db) =>
      db
        .deleteFrom('join_token')
        .where('hash', '=', hash)
        .where('expires_at', '>', now)
        .returningAll()
        .executeTakeFirst(),
    );
    return row === undefined ? null : { hash, kind: row.kind, owner: row.owner, expiresAt: row.expires_at };
  }

  async publisherJoinTokens(now: number): Promise<JoinTokenRecord[]> {
    const rows = await this.#read((db) =>
      db
        .selectFrom('join_token')
        .selectAll()
        .where('kind', '=', 'publisher')
        .where('expires_at', '>', now)
        .orderBy('expires_at')
        .orderBy('hash')
        .limit(500)
        .execute(),
    );
    return rows.map(({ expires_at: expiresAt, ...row }) => ({ ...row, expiresAt }));
  }

  async dropPublisherJoinToken(hash: string): Promise<boolean> {
    const { numDeletedRows } = await this.#run((db) =>
      db.deleteFrom('join_token').where('hash', '=', hash).where('kind', '=', 'publisher').executeTakeFirstOrThrow(),
    );
    return numDeletedRows > 0n;
  }

  async createPublisher({ id, name, createdAt, revokedAt }: PublisherRecord): Promise<void> {
    await this.#run((db) =>
      db.insertInto('publisher').values({ id, name, created_at: createdAt, revoked_at: revokedAt }).execute(),
    );
  }

  async publisher(id: string): Promise<PublisherRecord | null> {
    const row = await this.#read((db) =>
      db.selectFrom('publisher').selectAll().where('id', '=', id).executeTakeFirst(),
    );
    return row === undefined ? null : toPublisher(row);
  }

  async publishers(): Promise<PublisherRecord[]> {
    const rows = await this.#read((db) =>
      db.selectFrom('publisher').selectAll().orderBy('created_at').orderBy('id').execute(),
    );
    return rows.map(toPublisher);
  }

  async createDevice({ id, name, user, createdAt, revokedAt }: DeviceRecord, limit = Infinity): Promise<void> {
    await this.#write(async (tx) => {
      if (limit < Infinity && (await devicesOf(tx, user)) >= limit) throw new CausewayError('CW_DEVICE_LIMIT');
      await tx
        .insertInto('device')
        .values({
          id,
          name,
          name_key: nameKey(name),
          user,
          user_key: nameKey(user),
          created_at: createdAt,
          state_at: createdAt,
          revoked_at: revokedAt,
        })
        .execute();
    });
  }

  async device(id: string): Promise<DeviceRecord | null> {
    const row = await this.#read((db) => db.selectFrom('device').selectAll().where('id', '=', id).executeTakeFirst());
    return row === undefined ? null : toDevice(row);
  }

  async devices(): Promise<DeviceRecord[]> {
    const rows = await this.#read((db) =>
      db.selectFrom('device').selectAll().orderBy('created_at').orderBy('id').execute(),
    );
    return rows.map(toDevice);
  }

  async devicesOf(users: readonly string[]): Promise<DeviceRecord[]> {
    if (users.length === 0) return [];
    const rows = await this.#read((db) =>
      db.selectFrom('device').selectAll().where('user', 'in', users).orderBy('created_at').orderBy('id').execute(),
    );
    return rows.map(toDevice);
  }

  async revokePublisher(id: string, at: number): Promise<boolean> {
    return this.#revoke('publisher', id, at);
  }

  async revokeDevice(id: string, at: number): Promise<boolean> {
    return this.#revoke('device', id, at);
  }

  async addCertificate({ fingerprint, kind, owner, notAfter }: CertificateRecord): Promise<void> {
    await this.#run((db) =>
      db.insertInto('certificate').values({ fingerprint, kind, owner, not_after: notAfter }).execute(),
    );
  }

  async certificate(fingerprint: string): Promise<CertificateRecord | null> {
    const row = await this.#read((db) =>
      db.selectFrom('certificate').selectAll().where('fingerprint', '=', fingerprint).executeTakeFirst(),
    );
    return row === undefined ? null : { fingerprint, kind: row.kind, owner: row.owner, notAfter: row.not_after };
  }

  async useOnce(ids: readonly string[], expiresAt: number): Promise<boolean> {
    const { numInsertedOrUpdatedRows } = await this.#run((db) =>
      db
        .insertInto('assertion')
        .values(ids.map((id) => ({ id, expires_at: expiresAt })))
        .onConflict((c) => c.column('id').doNothing())
        .executeTakeFirstOrThrow(),
    );
    return numInsertedOrUpdatedRows === BigInt(ids.length);
  }

  async epoch(): Promise<number> {
    const row = await this.#read((db) =>
      db.selectFrom('counter').select('value').where('name', '=', 'epoch').executeTakeFirstOrThrow(),
    );
    return row.value;
  }

  get ownEpochs(): OwnEpochs {
    return this.#database.ownEpochs;
  }

  async liftEpoch(known: number): Promise<void> {
    await this.#run((db) =>
      db
        .updateTable('counter')
        .set({ value: known + 1 })
        .where('name', '=', 'epoch')
        .where('value', '<=', known)
        .execute(),
    );
  }

  async sweep(now: number): Promise<void> {
    await this.#write((tx) => sweep(tx, now));
  }

  async close(): Promise<void> {
    await this.#database.close();
  }

  async #revoke(table: 'publisher' | 'device', id: string, at: number): Promise<boolean> {
    return this.#write(async (tx) => {
      const { numUpdatedRows } = await tx
        .updateTable(table)
        .set({ revoked_at: at })
        .where('id', '=', id)
        .where('revoked_at', 'is', null)
        .executeTakeFirstOrThrow();
      if (numUpdatedRows === 0n) return false;
      if (table === 'device') {
        await tx
          .updateTable('device')
          .set((e) => ({ state: 'removed', state_at: at, revision: e('revision', '+', 1) }))
          .where('id', '=', id)
          .execute();
      }
      await raiseEpoch(tx);
      return true;
    });
  }

  async #read<T>(query: (db: Kysely<StoreTables>) => Promise<T>): Promise<T> {
    try {
      return await query(this.#database.read);
    } catch (error) {
      throw storeFailed(error);
    }
  }

  /** One statement, which is a transaction by itself. */
  async #run<T>(query: (db: Kysely<StoreTables>) => Promise<T>): Promise<T> {
    try {
      return await query(this.#database.write);
    } catch (error) {
      throw storeFailed(error);
    }
  }

  async #write<T>(body: (tx: Transaction<StoreTables>) => Promise<T>): Promise<T> {
    try {
      return await this.#database.transaction(body);
    } catch (error) {
      throw storeFailed(error);
    }
  }
}

/** How many devices the person has; nobody else adds one until the transaction ends. */
async function devicesOf(tx: Transaction<StoreTables>, user: string): Promise<number> {
  // Writing the counter as it is takes its row's lock, which PostgreSQL needs and SQLite's one writer has anyway.
  await tx
    .updateTable('counter')
    .set((e) => ({ value: e.ref('value') }))
    .where('name', '=', 'epoch')
    .execute();
  const { count } = await tx
    .selectFrom('device')
    .select((e) => e.fn.countAll<number>().as('count'))
    .where('user_key', '=', nameKey(user))
    .where('state', '<>', 'removed')
    .executeTakeFirstOrThrow();
  return count;
}

function grantQuery(db: Kysely<StoreTables>, now: number) {
  return db
    .selectFrom('app_token')
    .innerJoin('session', 'session.id', 'app_token.session')
    .select([
      'app_token.token_hash',
      'app_token.host',
      'session.id',
      'session.user',
      'session.display_name',
      'session.groups',
      'session.ou',
      'session.created_at',
      'session.expires_at',
    ])
    .where('session.expires_at', '>', now);
}
