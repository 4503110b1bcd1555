import { createHash, createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { createSecureContext } from 'node:tls';

/** Certificates of a chain at most. */
export const MAX_CHAIN = 10;
const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** The certificates of a PEM text in their order; `null` where one cannot be read, there is none or there are too many. */
export function readChain(pem: string): readonly [X509Certificate, ...X509Certificate[]] | null {
  const texts = pem.match(PEM) ?? [];
  if (texts.length > MAX_CHAIN) return null;
  try {
    const [leaf, ...issuers] = texts.map((text) => new X509Certificate(text));
    return leaf === undefined ? null : [leaf, ...issuers];
  } catch {
    return null;
  }
}

/**
 * The name of the secret that holds the private key of this certificate's public key. A renewed certificate of the same
 * key, and an earlier version of an object that is put back, find it again.
 */
export function keyName(leaf: X509Certificate): string {
  const spki = leaf.publicKey.export({ type: 'spki', format: 'der' });
  return `certificate-key:${createHash('sha256').update(spki).digest('hex')}`;
}

/** Why a key cannot serve this chain; `null` where it can. Never says anything of the key itself. */
export function keyProblem(chain: string, leaf: X509Certificate, key: string): string | null {
  let parsed: KeyObject;
  try {
    parsed = createPrivateKey(key);
  } catch {
    return /ENCRYPTED/.test(key) ? 'is encrypted: give it without a passphrase' : 'is no private key in PEM';
  }
  if (!leaf.checkPrivateKey(parsed)) return 'is not the key of the certificate';
  try {
    createSecureContext({ cert: chain, key }); // a key that is too weak for TLS is found here and not at an edge
  } catch (error) {
    return `cannot be used for TLS: ${error instanceof Error ? error.message : 'refused'}`;
  }
  return null;
}

/** Why browsers do not accept the certificate now; `null` where they do. */
export function validityProblem(leaf: X509Certificate, now: number): string | null {
  if (leaf.validToDate.getTime() <= now) return `expired on ${leaf.validTo}`;
  return leaf.validFromDate.getTime() > now ? `is not valid before ${leaf.validFrom}` : null;
}
