import { z } from 'zod';
import { canonicalName, parseHostPattern } from './host.ts';

export const slug = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, 'lower-case letters, digits and dashes, 63 at most')
  .describe('a short name: lower-case letters, digits and dashes');

export const fqdn = z
  .string()
  .refine((text) => canonicalName(text) === text, 'a host name in lower case, without a final dot')
  .describe('a host name in lower case');

export const hostPattern = z
  .string()
  .refine((text) => parseHostPattern(text) !== null, 'a name, *.name, IP, CIDR or from-to range')
  .describe('a name, *.name, IP, CIDR or from-to range');

/** The addresses among `hostPattern`. */
export const addressRange = z
  .string()
  .refine((text) => parseHostPattern(text)?.kind === 'range', 'an IP, CIDR or from-to range')
  .describe('an IP, CIDR or from-to range');

export const protocol = z.enum(['tcp', 'udp']);
export type Protocol = z.infer<typeof protocol>;

/** `tcp/443`, `udp/53`, `tcp/8000-8010`. */
export const portRange = z
  .string()
  .regex(/^(?:tcp|udp)\/\d{1,5}(?:-\d{1,5})?$/, 'protocol/port or protocol/from-to, like tcp/443 or udp/5000-5010')
  .refine((text) => {
    const { from, to } = parsePortRange(text);
    return from >= 1 && to <= 65_535 && from <= to;
  }, 'ports lie between 1 and 65535')
  .describe('protocol/port or protocol/from-to');

export interface PortRange {
  readonly protocol: Protocol;
  readonly from: number;
  readonly to: number;
}

/** @param text a checked `portRange` */
export function parsePortRange(text: string): PortRange {
  const [name = '', ports = ''] = text.split('/');
  const [from = '', to = from] = ports.split('-');
  return { protocol: name === 'udp' ? 'udp' : 'tcp', from: Number(from), to: Number(to) };
}

export const upstream = z.strictObject({
  scheme: z.enum(['http', 'https']).default('http'),
  host: z.string().min(1).describe('the name or address that the publisher connects to'),
  port: z.number().int().min(1).max(65_535),
  serverName: fqdn.optional().describe('the name in the app’s certificate, where it differs from host'),
  verify: z.boolean().default(true).describe('false accepts any certificate of the app'),
});

export const clientless = z.strictObject({
  urls: z.array(fqdn).min(1).describe('custom URLs: hosts below the access domain, this app’s alone'),
  upstream,
  requestHeaders: z
    .record(z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/), z.string().regex(/^[\t\x20-\x7e]*$/))
    .default({})
    .describe('headers set on every request to the app'),
  preserveHost: z
    .boolean()
    .default(false)
    .describe('true sends the custom URL’s host to the app instead of the upstream’s'),
  origins: z.array(z.string()).default([]).describe('foreign origins that may open WebSockets'),
});

/** One object for browser, L7 and L3E. `name` is its identity. */
export const privateApp = z.strictObject({
  name: slug,
  description: z.string().max(200).default(''),
  tags: z.array(slug).default([]),
  hosts: z.array(hostPattern).min(1).describe('what devices call it: names, wildcards, addresses'),
  ports: z.array(portRange).min(1),
  publishers: z.array(slug).min(1).describe('publishers that may serve it, in no order'),
  clientless: clientless.optional().describe('how browsers without an agent reach it'),
});
export type PrivateApp = z.infer<typeof privateApp>;
