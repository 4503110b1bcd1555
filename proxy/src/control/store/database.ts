import type { Kysely, Transaction } from 'kysely';
import type { OwnEpochs } from './own-epochs.ts';
import type { StoreGate } from './store-gate.ts';
import type { StoreTables } from './schema.ts';

/** Where the store is: a file of SQLite, made if it is not there, or the URL of a PostgreSQL database. */
export type StoreLocation = { readonly file: string } | { readonly url: string };

/**
 * The tables of the store on either database. Everything written through it uses only what both have: repositories
 * are written once.
 */
export interface Database {
  readonly dialect: 'sqlite' | 'postgres';
  /** Single statements that write; a `transaction` where more than one belongs together. */
  readonly write: Kysely<StoreTables>;
  /** Reads that neither wait for writes nor hold them up, and see what was committed before they began. */
  readonly read: Kysely<StoreTables>;
  /** Commits when `body` resolves, takes everything back when it rejects; other writes wait on SQLite. */
  transaction<T>(body: (tx: Transaction<StoreTables>) => Promise<T>): Promise<T>;
  /** What transactions here have raised the epoch to, before they resolve. */
  readonly ownEpochs: OwnEpochs;
  /**
   * Tells `listener` that a counter may have moved, by this or another control process; says no more than that, so
   * read what you need again. Also called after a connection was lost, when one may have been missed.
   *
   * @returns stops telling
   */
  onMoved(listener: () => void): () => void;
  /** What lets statements through; while it is closed, all of them reject with `CW_STORE_LOST`. */
  readonly gate: StoreGate;
  /**
   * Asks the database past the gate. Resolves when it has answered, and taken a write where that is asked; rejects with
   * what is wrong.
   */
  probe(write: boolean): Promise<void>;
  close(): Promise<void>;
}

/** What opens and closes a database; `Database` is made over it once for both. */
export interface Connections {
  readonly dialect: Database['dialect'];
  readonly write: Kysely<StoreTables>;
  readonly read: Kysely<StoreTables>;
  onMoved(listener: () => void): () => void;
  readonly gate: StoreGate;
  probe(write: boolean): Promise<void>;
  close(): Promise<void>;
}
