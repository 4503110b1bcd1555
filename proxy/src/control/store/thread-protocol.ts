import type { ErrorCode } from '@causeway/contract';
import type { Store } from './store.ts';

/**
 * What the main thread and the store's thread say. Functions cannot cross, so `secret` arrives with the value that the
 * main thread made.
 */
export type StoreMethod = Exclude<keyof Store, 'close'>;

export type StoreArgs<M extends StoreMethod> = M extends 'secret'
  ? [name: string, value: string]
  : Parameters<Store[M]>;
export type StoreAnswer<M extends StoreMethod> = Awaited<ReturnType<Store[M]>>;

export type ToStoreThread =
  | { readonly t: 'call'; readonly id: number; readonly method: StoreMethod; readonly args: readonly unknown[] }
  | { readonly t: 'close' };

export type FromStoreThread =
  | { readonly t: 'open' }
  | { readonly t: 'failed'; readonly code: ErrorCode; readonly message: string }
  | { readonly t: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly t: 'refusal'; readonly id: number; readonly code: ErrorCode; readonly message: string };
