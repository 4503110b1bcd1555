import { X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { fqdn, slug } from '@causeway/contract';
import { description, type Kind } from './kind.ts';

const MAX_CHAIN = 10;
const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** A web certificate of one's own for custom URLs. Its key is sealed under another name and never in the object. */
const customCertificate = z
  .strictObject({
    name: slug,
    description,
    hosts: z.array(fqdn).min(1).max(100).describe('custom URLs that are served with it'),
    chain: z
      .string()
      .max(64 * 1024)
      .describe('PEM: the certificate, then its intermediates'),
    secret: z
      .string()
      .regex(/^[a-z0-9][a-z0-9./-]{0,199}$/, 'the name of a secret')
      .describe('name of the sealed secret that holds the private key'),
  })
  .superRefine(({ chain, hosts }, context) => {
    const refuse = (path: (string | number)[], message: string): void =>
      context.addIssue({ code: 'custom', path, message });
    const certificates = readChain(chain);
    const [leaf] = certificates ?? [];
    if (certificates === null || leaf === undefined) return refuse(['chain'], `1 to ${MAX_CHAIN} certificates in PEM`);
    for (const [i, host] of hosts.entries()) {
      if (leaf.checkHost(host) === undefined) refuse(['hosts', i], `the certificate is not for ${host}`);
    }
    for (const [i, issuer] of certificates.slice(1).entries()) {
      if (certificates[i]?.checkIssued(issuer) === false) {
        refuse(['chain'], `certificate ${i + 2} did not issue the one before it`);
      }
    }
  });
export type CustomCertificate = z.output<typeof customCertificate>;

/** `null` where one cannot be read, or there are too many. */
function readChain(pem: string): X509Certificate[] | null {
  const texts = pem.match(PEM) ?? [];
  if (texts.length > MAX_CHAIN) return null;
  try {
    return texts.map((text) => new X509Certificate(text));
  } catch {
    return null;
  }
}

export const certificateKind: Kind<CustomCertificate> = {
  kind: 'certificates',
  schema: customCertificate,
  ordered: false,
  fields: ['hosts'],
};
