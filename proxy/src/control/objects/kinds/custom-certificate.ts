import { z } from 'zod';
import { fqdn, slug } from '@causeway/contract';
import { MAX_CHAIN, readChain } from '../../ca/certificate-chain.ts';
import { description, type Kind } from './kind.ts';

/**
 * A web certificate of one's own for custom URLs. Its private key is no part of the object, of its history or of a
 * snapshot: whoever writes the object gives it beside, and it is kept sealed under the certificate's public key.
 */
const customCertificate = z
  .strictObject({
    name: slug,
    description,
    hosts: z.array(fqdn).min(1).max(100).describe('custom URLs that are served with it'),
    chain: z
      .string()
      .max(64 * 1024)
      .describe('PEM: the certificate, then its intermediates, each the issuer of the one before'),
  })
  .superRefine(({ chain, hosts }, context) => {
    const refuse = (path: (string | number)[], message: string): void =>
      context.addIssue({ code: 'custom', path, message });
    const certificates = readChain(chain);
    if (certificates === null) return refuse(['chain'], `1 to ${MAX_CHAIN} certificates in PEM`);
    const [leaf, ...issuers] = certificates;
    for (const [i, host] of hosts.entries()) {
      if (leaf.checkHost(host) === undefined) refuse(['hosts', i], `the certificate is not for ${host}`);
    }
    for (const [i, issuer] of issuers.entries()) {
      if (certificates[i]?.checkIssued(issuer) === false) {
        refuse(['chain'], `certificate ${i + 2} did not issue the one before it`);
      }
    }
  });
export type CustomCertificate = z.output<typeof customCertificate>;

export const certificateKind: Kind<CustomCertificate> = {
  kind: 'certificates',
  schema: customCertificate,
  ordered: false,
  fields: ['hosts'],
};
