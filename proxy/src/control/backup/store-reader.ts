import type { BackupTable, Row } from './backup-format.ts';

/** A store as it was at one moment, while others go on writing it. */
export interface StoreReader {
  readonly dialect: 'sqlite' | 'postgres';
  /** Every table after those that it refers to. */
  tables(): Promise<readonly BackupTable[]>;
  /** All rows of a table, some at a time. */
  rows(table: BackupTable): AsyncIterable<readonly Row[]>;
  close(): Promise<void>;
}

/** A name of ours, as both databases quote it. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
