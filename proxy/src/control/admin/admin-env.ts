import type { Caller } from './caller.ts';

/** Hono's environment of the admin API. */
export interface AdminEnv {
  readonly Bindings: {
    readonly address: string;
    /** The request came over the socket of the data folder, which the PoP's own user alone may open. */
    readonly local?: boolean;
  };
  readonly Variables: {
    /** Names this request in answer, log and audit. */
    reference: string;
    caller: Caller;
    ifRevision: number | undefined;
    mustBeNew: boolean;
    /** The code of the problem that was answered. */
    refused: string | undefined;
  };
}
