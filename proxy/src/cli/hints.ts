import type { ErrorCode } from '@causeway/contract';

/** What somebody at the command line can do about an error whose message does not say it. */
const HINTS: Partial<Record<ErrorCode, string>> = {
  CW_UNAUTHENTICATED:
    'the token is wrong, expired or revoked; on the PoP’s machine `causeway setup --owner` makes one for an hour, and with that `causeway token api NAME --role ROLE` one to keep',
  CW_FORBIDDEN: '`causeway api GET /me` says what this token may; an owner gives another role or token',
  CW_NOT_FOUND: '`causeway get KIND` lists what there is',
  CW_MANAGED: 'change it in causeway.yaml, which the PoP reads again by itself, or take it out there first',
  CW_PRECONDITION_FAILED: 'read it again with `causeway get`, and look at what has changed',
  CW_RATE_LIMITED: 'wait a few seconds',
  CW_BUSY: 'wait a few seconds',
  CW_STORE_FAILED: '`causeway status` says what is wrong with the store',
  CW_RPC_TIMEOUT: '`causeway status` on the PoP’s machine says whether it is well',
  CW_INTERNAL: 'a fault of ours: the PoP’s log has it',
};

/** @param usage of the verb, where there is one */
export function hintFor(code: ErrorCode, usage: string | null): string | null {
  if (code === 'CW_USAGE') return usage === null ? '`causeway help` lists the verbs' : `usage: causeway ${usage}`;
  return HINTS[code] ?? null;
}
