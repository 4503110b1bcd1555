import { createHash, X509Certificate } from 'node:crypto';

/** What a peer's certificate says, once it proved in the handshake that it holds the key. */
export type PeerCertificate =
  | { readonly t: 'none' }
  | { readonly t: 'foreign'; readonly why: string }
  | {
      readonly t: 'ours';
      readonly kind: 'publisher' | 'device';
      readonly id: string;
      /** SHA-256 of the DER, 64 hex digits. */
      readonly fingerprint: string;
      /** SHA-256 of its public key (SPKI, DER), 64 hex digits: stays when the certificate of the same key is renewed. */
      readonly keyFingerprint: string;
      readonly expired: boolean;
    };

const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
const SUBJECT = /^URI:causeway:(publisher|device):([A-Za-z0-9_-]{1,64})$/;

/**
 * Checks a leaf against the deployment's CA ourselves: the acceptor must tell "expired" from "foreign", and OpenSSL
 * reports one error of several. Leaves are issued by a CA certificate of the bundle directly.
 */
export function readPeerCertificate(der: Buffer | null, caBundle: string, now: Date): PeerCertificate {
  if (der === null) return { t: 'none' };
  const leaf = new X509Certificate(der);
  const issuers = splitBundle(caBundle).map((pem) => new X509Certificate(pem));
  const issuer = issuers.find((ca) => ca.ca && leaf.checkIssued(ca) && leaf.verify(ca.publicKey));
  if (issuer === undefined) return { t: 'foreign', why: 'no CA of this deployment issued it' };
  if (now < issuer.validFromDate || now > issuer.validToDate) return { t: 'foreign', why: 'its CA is not valid now' };
  if (leaf.ca || !(leaf.keyUsage ?? []).includes(CLIENT_AUTH)) return { t: 'foreign', why: 'it is not for clients' };
  const subject = SUBJECT.exec(leaf.subjectAltName ?? '');
  if (subject === null) return { t: 'foreign', why: 'it names neither a publisher nor a device' };
  if (now < leaf.validFromDate) return { t: 'foreign', why: 'it is not valid yet' };
  return {
    t: 'ours',
    kind: subject[1] === 'publisher' ? 'publisher' : 'device',
    id: subject[2] ?? '',
    fingerprint: leaf.fingerprint256.replaceAll(':', '').toLowerCase(),
    keyFingerprint: createHash('sha256')
      .update(leaf.publicKey.export({ type: 'spki', format: 'der' }))
      .digest('hex'),
    expired: now > leaf.validToDate,
  };
}

function splitBundle(bundle: string): string[] {
  return bundle.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
}
