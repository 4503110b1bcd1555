import { createHash, randomBytes } from 'node:crypto';
import { encodeJoinToken, type JoinToken } from '@causeway/contract';
import type { Store } from '../store/store.ts';
import type { Ca } from './ca.ts';

export interface JoinTokenRequest {
  readonly kind: JoinToken['kind'];
  /** The publisher's name, or the person whom the device will belong to. */
  readonly owner: string;
  /** `host:port` that the token's bearer dials. */
  readonly pop: string;
  readonly tunnelDomain: string;
  readonly lifeMs: number;
  readonly now: number;
}

/** A new token that enrols once. The store keeps only its hash, so reading the store enrols nobody. */
export async function issueJoinToken(
  store: Store,
  ca: Ca,
  { kind, owner, pop, tunnelDomain, lifeMs, now }: JoinTokenRequest,
): Promise<{ token: string; expiresAt: number }> {
  const secret = randomBytes(32).toString('base64url');
  const expiresAt = now + lifeMs;
  await store.createJoinToken({ hash: joinSecretHash(secret), kind, owner, expiresAt });
  return { token: encodeJoinToken({ kind, pop, tunnelDomain, ca: ca.fingerprint, secret }), expiresAt };
}

/** What the store knows a secret by: SHA-256, base64url. The secret is random, so no slower hash is needed. */
export function joinSecretHash(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}
