import { isIP } from 'node:net';
import { z } from 'zod';
import { fqdn, slug } from '@causeway/contract';
import { description, type Kind } from './kind.ts';

const address = z.string().refine((text) => isIP(text) !== 0, 'an IP address');
const forwarding = z.enum(['tunnel', 'local-proxy', 'none']);

const CRITERIA = ['dnsServers', 'searchDomains', 'resolves', 'gateways'] as const;

/** How a device tells that it is at home: each criterion that is there holds when any of its entries does. */
const trustedNetwork = z
  .strictObject({
    match: z.enum(['any', 'all']).default('all').describe('how many of the criteria must hold'),
    dnsServers: z.array(address).min(1).max(50).optional(),
    searchDomains: z.array(fqdn).min(1).max(50).optional(),
    resolves: z
      .array(z.strictObject({ host: fqdn, address }))
      .min(1)
      .max(50)
      .optional()
      .describe('names that only there resolve to these addresses'),
    gateways: z.array(address).min(1).max(50).optional().describe('default gateways'),
  })
  .refine((network) => CRITERIA.some((criterion) => network[criterion] !== undefined), {
    message: 'a network without a criterion would be every network',
  });

/** What a device does with traffic for private apps, by the network that it finds itself in. */
const forwardingProfile = z.strictObject({
  name: slug,
  description,
  trusted: trustedNetwork.optional().describe('without it no network is trusted'),
  actions: z
    .strictObject({
      trusted: forwarding.default('tunnel'),
      vpn: forwarding.default('tunnel').describe('while another VPN holds the default route'),
      untrusted: forwarding.default('tunnel'),
    })
    .prefault({}),
  transport: z.enum(['auto', 'tls', 'websocket']).default('auto').describe('auto goes through wss where TLS fails'),
});
export type ForwardingProfile = z.output<typeof forwardingProfile>;

export const forwardingProfileKind: Kind<ForwardingProfile> = {
  kind: 'forwarding-profiles',
  schema: forwardingProfile,
  ordered: false,
  fields: ['transport'],
};
