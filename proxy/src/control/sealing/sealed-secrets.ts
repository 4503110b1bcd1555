import { CausewayError } from '@causeway/contract';
import type { Database } from '../store/database.ts';
import { storeFailed } from '../store/open-database.ts';
import { lockSecrets, sealingKeyId, unwrapDataKey, type DataKey, type Tx } from './data-keys.ts';
import type { MasterKey } from './master-key.ts';
import { open, seal } from './sealed-box.ts';
import type { Secrets } from './secrets.ts';

/** A key may be rotated while a value is read; more often than this it is not. */
const READS = 4;

interface Row {
  readonly value: string;
  readonly data_key: string | null;
}

export interface SealedSecretsOptions {
  readonly database: Database;
  readonly dataKey: DataKey;
  readonly master: MasterKey;
  /** Reads the master key anew, and says where from: it may have been changed since. */
  readonly reread: () => Promise<{ readonly master: MasterKey; readonly where: string }>;
}

/**
 * Secrets in the store, each sealed under the data key for its own name. Another PoP may rotate that key at any time:
 * every write reads in its transaction which one seals now, every read opens with the key that the value names.
 */
export class SealedSecrets implements Secrets {
  readonly database: Database;
  readonly #reread: SealedSecretsOptions['reread'];
  #dataKey: DataKey;
  #master: MasterKey;

  constructor({ database, dataKey, master, reread }: SealedSecretsOptions) {
    this.database = database;
    this.#dataKey = dataKey;
    this.#master = master;
    this.#reread = reread;
  }

  /** The master key that this process opened the store with. */
  get master(): MasterKey {
    return this.#master;
  }

  async secret(name: string, value: () => string): Promise<string> {
    const present = await this.findSecret(name);
    if (present !== null) return present;
    return this.write(async (tx, key) => {
      const row = await rowOf(tx, name);
      if (row !== undefined) return this.opened(tx, name, row);
      const made = value();
      await tx
        .insertInto('secret')
        .values(sealedRow(key, name, made))
        .execute();
      return made;
    });
  }

  async findSecret(name: string): Promise<string | null> {
    const { read } = this.database;
    for (let attempt = 1; ; attempt++) {
      const row = await rowOf(read, name).catch(refuse);
      if (row === undefined) return null;
      try {
        return await this.opened(read, name, row);
      } catch (error) {
        const now = await rowOf(read, name).catch(refuse);
        if (now?.data_key === row.data_key || attempt === READS) throw storeFailed(error);
      }
    }
  }

  async replaceSecret(name: string, old: string, value: string): Promise<string> {
    return this.write(async (tx, key) => {
      const row = await rowOf(tx, name);
      if (row === undefined) throw new CausewayError('CW_STORE_FAILED', `there is no secret "${name}" to replace`);
      const present = await this.opened(tx, name, row);
      if (present !== old) return present;
      await tx
        .updateTable('secret')
        .set(sealedRow(key, name, value))
        .where('name', '=', name)
        .execute();
      return value;
    });
  }

  /** A transaction in which nobody else seals. @param body is given the key that seals now */
  async write<T>(body: (tx: Tx, key: DataKey) => Promise<T>): Promise<T> {
    try {
      return await this.database.transaction(async (tx) => {
        await lockSecrets(tx, this.database.dialect);
        const id = await sealingKeyId(tx);
        if (id === null) throw new CausewayError('CW_SECRET_DAMAGED', 'the store has lost its data key');
        return body(tx, await this.#key(tx, id));
      });
    } catch (error) {
      throw storeFailed(error);
    }
  }

  /** The text of a row. @throws CausewayError `CW_SECRET_DAMAGED`, `CW_MASTER_KEY_WRONG` */
  async opened(db: Parameters<typeof rowOf>[0], name: string, row: Row): Promise<string> {
    if (row.data_key === null) {
      throw new CausewayError('CW_SECRET_DAMAGED', `secret ${name}: a sealed store holds it in the clear`);
    }
    const { key } = await this.#key(db, row.data_key);
    return open(key, placeOf(row.data_key, name), row.value).toString('utf8');
  }

  async #key(db: Parameters<typeof rowOf>[0], id: string): Promise<DataKey> {
    if (this.#dataKey.id === id) return this.#dataKey;
    let key: DataKey;
    try {
      key = await unwrapDataKey(db, id, this.#master, 'this PoP');
    } catch {
      const { master, where } = await this.#reread();
      key = await unwrapDataKey(db, id, master, where);
      this.#master = master;
    }
    return (this.#dataKey = key);
  }
}

function refuse(error: unknown): never {
  throw storeFailed(error);
}

async function rowOf(db: Database['read'], name: string): Promise<Row | undefined> {
  return db.selectFrom('secret').select(['value', 'data_key']).where('name', '=', name).executeTakeFirst();
}

const placeOf = (dataKey: string, name: string): string => `secret ${name} under ${dataKey}`;

/** A secret as it is stored. */
export function sealedRow({ id, key }: DataKey, name: string, text: string) {
  return { name, value: seal(key, placeOf(id, name), Buffer.from(text)), data_key: id };
}
