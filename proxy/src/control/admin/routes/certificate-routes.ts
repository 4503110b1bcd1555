import { z } from '@hono/zod-openapi';
import { certificateFacts, type CertificateFacts } from '../../ca/custom-certificates.ts';
import { time } from '../page.ts';
import { route } from '../route.ts';

const facts = z
  .object({
    name: z.string(),
    hosts: z.array(z.string()),
    subject: z.string(),
    issuer: z.string(),
    notBefore: time,
    notAfter: time,
    fingerprint: z.string().describe('SHA-256 of the certificate, 64 hex digits'),
    state: z
      .enum(['good', 'expires soon', 'expired', 'not valid yet', 'no key'])
      .describe('soon: within 21 days; no key: its hosts are served with the access domain’s certificate'),
  })
  .meta({ id: 'CertificateStatus' });

export const certificateRoutes = {
  'GET /certificate-status': route(
    {
      summary: 'Every certificate of one’s own that is in force, with its validity',
      permission: 'apps:read',
      answer: z.object({ items: z.array(facts) }),
    },
    async ({ services }) => {
      const { secrets, now } = services;
      const items: CertificateFacts[] = [];
      for (const certificate of services.published().objects.certificates) {
        const shown = await certificateFacts(secrets, certificate, now());
        if (shown !== null) items.push(shown);
      }
      return { items: items.map((item) => ({ ...item, hosts: [...item.hosts] })) };
    },
  ),
};
