import type { X509Certificate } from 'node:crypto';
import type { CustomCertificate } from '../objects/kinds/custom-certificate.ts';
import type { Secrets } from '../sealing/secrets.ts';
import { keyName, readChain, validityProblem } from './certificate-chain.ts';

/** A certificate of one's own as edges serve it. */
export interface ServedCertificate {
  readonly hosts: readonly string[];
  /** PEM chain, leaf first. */
  readonly cert: string;
  /** PEM. */
  readonly key: string;
}

/** What of a certificate may be shown. */
export interface CertificateFacts {
  readonly name: string;
  readonly hosts: readonly string[];
  readonly subject: string;
  readonly issuer: string;
  readonly notBefore: number;
  readonly notAfter: number;
  /** SHA-256 of the DER, 64 hex digits. */
  readonly fingerprint: string;
  /** `no key`: the private key is not in the store, and the hosts are served as every other. */
  readonly state: 'good' | 'expires soon' | 'expired' | 'not valid yet' | 'no key';
}

/** Long enough to get another one. */
const SOON_MS = 21 * 86_400_000;

/** Certificates with their keys, and what is wrong with the others. One without its key is left out, not refused. */
export async function servedCertificates(
  secrets: Pick<Secrets, 'findSecret'>,
  certificates: readonly CustomCertificate[],
  now: number,
): Promise<{ served: ServedCertificate[]; warnings: string[] }> {
  const served: ServedCertificate[] = [];
  const warnings: string[] = [];
  for (const { name, hosts, chain } of certificates) {
    const leaf = readChain(chain)?.[0];
    const key = leaf === undefined ? null : await secrets.findSecret(keyName(leaf));
    if (leaf === undefined || key === null) {
      warnings.push(`certificates "${name}": its private key is not in the store; put the certificate again with it`);
      continue;
    }
    const invalid = validityProblem(leaf, now);
    if (invalid !== null) warnings.push(`certificates "${name}": ${invalid}`);
    served.push({ hosts, cert: chain, key });
  }
  return { served, warnings };
}

export async function certificateFacts(
  secrets: Pick<Secrets, 'findSecret'>,
  { name, hosts, chain }: CustomCertificate,
  now: number,
): Promise<CertificateFacts | null> {
  const leaf = readChain(chain)?.[0];
  if (leaf === undefined) return null;
  return {
    name,
    hosts,
    subject: leaf.subject ?? '',
    issuer: leaf.issuer,
    notBefore: leaf.validFromDate.getTime(),
    notAfter: leaf.validToDate.getTime(),
    fingerprint: leaf.fingerprint256.replaceAll(':', '').toLowerCase(),
    state: (await secrets.findSecret(keyName(leaf))) === null ? 'no key' : stateOf(leaf, now),
  };
}

function stateOf(leaf: X509Certificate, now: number): CertificateFacts['state'] {
  if (leaf.validFromDate.getTime() > now) return 'not valid yet';
  const left = leaf.validToDate.getTime() - now;
  if (left <= 0) return 'expired';
  return left < SOON_MS ? 'expires soon' : 'good';
}
