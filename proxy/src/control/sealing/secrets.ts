/**
 * Everything that the control process keeps and must read again: keys, passwords. Sealed at rest; what only has to be
 * recognised, as tokens, is stored as a hash elsewhere. Rejects with `CW_STORE_FAILED`, `CW_SECRET_DAMAGED` where a
 * stored value was tampered with, and `CW_MASTER_KEY_WRONG` where another PoP has changed to keys that are unknown here.
 */
export interface Secrets {
  /** Stores `value` unless the name has one, and returns the one that is there: two starters agree. */
  secret(name: string, value: () => string): Promise<string>;
  findSecret(name: string): Promise<string | null>;
  /** Puts `value` in the place of `old` and returns what is there then: where another was quicker, the other's. */
  replaceSecret(name: string, old: string, value: string): Promise<string>;
}
