import type { ErrorCode } from '@causeway/contract';

/** Seconds. Not the same for everybody where everybody waits for the same thing. */
export function retryAfter(code: ErrorCode): number {
  if (code === 'CW_RATE_LIMITED') return 2;
  return code === 'CW_STORE_LOST' ? 5 + Math.floor(Math.random() * 11) : 5;
}
