import { z } from 'zod';

/**
 * A backup is gzip (RFC 1952) of lines of JSON, the same from either database:
 *
 *     {"format":"causeway-backup","version":1,…}      what it is of: `BackupHeader`
 *     {"table":"person","columns":["a","b"],…}        a table begins, after those that it refers to
 *     [["x",1],["y",null]]                            some of its rows, in the order of `columns`
 *     …
 *     {"end":{"person":2,…}}                          how many rows each table has
 *     {"sha256":"…"}                                  over every byte before this line
 *
 * Secrets are in it as they are in the store: sealed.
 */
export const FORMAT = 'causeway-backup';
export const FORMAT_VERSION = 1;

/** A row holds an object of 512 KiB at most, or a chunk of a snapshot; whatever is longer was not written by us. */
export const MAX_LINE = 64 * 1024 * 1024;
/** A line of rows is ended when it has so many characters or rows. */
export const LINE_CHARS = 256 * 1024;
export const LINE_ROWS = 1_000;

const name = z.string().regex(/^[a-z][a-z0-9_]{0,62}$/);

/** Of the store; what its migrations and SQLite keep for themselves is in no backup. */
const tableName = z.string().regex(/^(?!migration$|sqlite_)[a-z][a-z0-9_]{0,62}$/);

export const backupHeader = z.object({
  format: z.literal(FORMAT),
  version: z.number().int().positive(),
  madeAt: z.number().int().nonnegative(),
  /** Of Causeway. */
  by: z.string().max(100),
  dialect: z.enum(['sqlite', 'postgres']),
  /** Names of the store's migrations, in order. */
  migrations: z.array(z.string().max(100)).min(1).max(10_000),
  /** Ids of the master keys that open it. */
  masterKeys: z.array(z.string().max(100)).max(100),
  events: z.boolean(),
});
export type BackupHeader = z.output<typeof backupHeader>;

export const backupTable = z.object({
  table: tableName,
  columns: z.array(name).min(1).max(200),
  /** The last number that the table gave to a row; `null` where it gives none, or gave none yet. */
  sequence: z.number().int().nonnegative().nullable(),
});
export type BackupTable = z.output<typeof backupTable>;

export type Value = string | number | null;
export type Row = readonly Value[];

export const backupEnd = z.object({ end: z.record(name, z.number().int().nonnegative()) });
export const backupHash = z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/) });
