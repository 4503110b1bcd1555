import { X509Certificate } from 'node:crypto';
import { chmod, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CausewayError, decodeJoinToken, type JoinToken } from '@causeway/contract';
import type { TransportName } from './connect.ts';
import { enrol } from './enrol.ts';
import { loadIdentity, saveIdentity, type Identity } from './identity.ts';
import type { TunnelLog } from './tunnel-log.ts';

export interface ObtainOptions {
  readonly dataDir: string;
  /** A token for the other kind is refused. */
  readonly kind: Identity['kind'];
  /** Where a token comes from and how to give it, for whoever has none. */
  readonly advice: string;
  readonly token: string | undefined;
  /** `host:port` instead of the one in the token or the stored identity. */
  readonly pop?: string | undefined;
  readonly transport: TransportName;
  readonly name: string;
  readonly log: TunnelLog;
  readonly signal?: AbortSignal;
}

const LONGEST_WAIT_MS = 10_000;

export const identityFile = (dataDir: string): string => join(dataDir, 'identity.json');

/** Mode 0700: the folder holds a private key. Throws `CW_DATA_UNUSABLE`. */
export async function prepareDataDir(dataDir: string): Promise<void> {
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    await chmod(dataDir, 0o700);
  } catch (error) {
    throw new CausewayError('CW_DATA_UNUSABLE', `${dataDir}: cannot be made or entered`, { cause: error });
  }
}

/**
 * The stored identity, or a new one for the token. A token works once, so a stored identity of the same deployment
 * wins over it and the same command line may start the program again and again; a token of another deployment
 * replaces the identity. Throws `CW_NOT_ENROLLED`, `CW_TOKEN_INVALID`, `CW_CA_MISMATCH` or the tunnel's codes.
 */
export async function obtainIdentity(options: ObtainOptions): Promise<Identity> {
  const file = identityFile(options.dataDir);
  const stored = await loadIdentity(file);
  const token = options.token === undefined ? null : decodeJoinToken(options.token);
  if (stored !== null && (token === null || trusts(stored, token))) {
    if (token !== null) options.log.info({ name: stored.name }, 'enrolled already: the join token was not used');
    return options.pop === undefined ? stored : { ...stored, pop: options.pop };
  }
  if (token === null) {
    throw new CausewayError('CW_NOT_ENROLLED', `no identity in ${options.dataDir}: ${options.advice}`);
  }
  if (token.kind !== options.kind)
    throw new CausewayError('CW_TOKEN_INVALID', `this join token is for a ${token.kind}`);
  const identity = await enrolPatiently(options.pop === undefined ? token : { ...token, pop: options.pop }, options);
  await saveIdentity(file, identity);
  options.log.info({ id: identity.id, name: identity.name, pop: identity.pop }, 'enrolled');
  return identity;
}

/** Forgets who this is; false when it did not know. The PoP keeps its record until it is revoked there. */
export async function forgetIdentity(dataDir: string): Promise<boolean> {
  const known = (await loadIdentity(identityFile(dataDir))) !== null;
  await rm(identityFile(dataDir), { force: true });
  return known;
}

/** A PoP that is not there yet is waited for; a refusal is final. */
async function enrolPatiently(token: JoinToken, options: ObtainOptions): Promise<Identity> {
  const { name, transport, signal, log } = options;
  for (let patience = 500; ; patience = Math.min(patience * 2, LONGEST_WAIT_MS)) {
    try {
      return await enrol({ token, name, transport, ...(signal === undefined ? {} : { signal }) });
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof CausewayError) || !error.retryable) throw error;
      const retryMs = Math.round(Math.random() * patience);
      log.warn({ code: error.code, why: error.message, retryMs }, 'not enrolled yet');
      await delay(retryMs, undefined, signal === undefined ? {} : { signal });
    }
  }
}

/** Whether the identity trusts the CA that the token names, the old one included while a CA rolls over. */
function trusts(identity: Identity, token: JoinToken): boolean {
  const certificates = identity.ca.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return certificates.some(
    (pem) => new X509Certificate(pem).fingerprint256.replaceAll(':', '').toLowerCase() === token.ca,
  );
}
