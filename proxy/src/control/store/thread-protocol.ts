import type { ErrorCode } from '@causeway/contract';

/** What the main thread and a thread that holds a connection to SQLite say. */
export type ToStoreThread =
  | { readonly t: 'query'; readonly id: number; readonly sql: string; readonly parameters: readonly unknown[] }
  /** Takes back the transaction that somebody gave up in the middle, if there is one. */
  | { readonly t: 'reset' }
  | { readonly t: 'close' };

export type FromStoreThread =
  | { readonly t: 'open' }
  | { readonly t: 'failed'; readonly code: ErrorCode; readonly message: string }
  | { readonly t: 'answer'; readonly id: number; readonly value: RawResult }
  | { readonly t: 'refusal'; readonly id: number; readonly code: ErrorCode; readonly message: string };

/** Of a statement that gives rows, these; of any other, how many rows it changed. */
export interface RawResult {
  readonly rows: readonly unknown[];
  readonly changes: number;
}

/** `workerData` of the thread. */
export interface StoreThreadStart {
  readonly file: string;
  readonly readOnly: boolean;
}
