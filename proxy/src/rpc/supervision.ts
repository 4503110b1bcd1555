import type { SnapshotHead } from './snapshot.ts';

/**
 * What the supervisor and its children say over the fork's own channel. A `handover` carries a raw TCP socket beside
 * it and the bytes that were already read from it: the receiver unshifts them and goes on as if it had accepted.
 */
export type HandoverTarget = 'control' | number;

export type ChildMessage =
  | { readonly t: 'ready'; readonly snapshot: SnapshotHead['number'] }
  | { readonly t: 'handover'; readonly to: HandoverTarget; readonly head: string }
  | { readonly t: 'metrics'; readonly id: number; readonly metrics: readonly object[] }
  /** With what a successor answers people who want to sign in while it has no store. It is kept in memory only. */
  | ({ readonly t: 'identity' } & KeyAndCertificate)
  | { readonly t: 'health'; readonly ready: boolean; readonly components: readonly ComponentHealth[] }
  /** The child cannot run at all (configuration, port): print this and do not restart. */
  | { readonly t: 'fatal'; readonly code: string; readonly message: string };

export type SupervisorMessage =
  | { readonly t: 'handover'; readonly head: string }
  | { readonly t: 'metrics'; readonly id: number }
  /** To control, as its predecessor said it. */
  | ({ readonly t: 'identity' } & KeyAndCertificate)
  | { readonly t: 'stop'; readonly deadlineMs: number };

/** PEM of the login and admin hosts. */
export interface KeyAndCertificate {
  readonly cert: string;
  readonly key: string;
}

export interface ComponentHealth {
  readonly name: string;
  readonly state: 'ok' | 'degraded' | 'down';
  readonly detail: string;
}

/** Where the master key is: a file or variable with the key in base64, or a program that prints it. */
export type MasterKeySource =
  | { readonly file: string }
  | { readonly env: string }
  | { readonly command: readonly string[] };

/** How a child is started: `node <main>.ts <JSON>`. */
export interface ControlStart {
  readonly dataDir: string;
  readonly configFile: string;
  readonly workers: number;
  /**
   * URL of a PostgreSQL database; a file of SQLite in the data folder where absent. It may hold a password, so it is
   * given as `CAUSEWAY_STORE` in the environment.
   */
  readonly store?: string;
  /** `master.key` in the data folder, made on first start, where absent. */
  readonly masterKey?: MasterKeySource;
}

export interface EdgeStart {
  readonly worker: number;
  readonly workers: number;
  readonly dataDir: string;
  readonly host: string;
  readonly port: number;
}
