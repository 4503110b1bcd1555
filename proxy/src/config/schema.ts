import { z } from 'zod';
import { canonicalName, fqdn, isIPv4, LIMITS, parseIPv6, policyRule, privateApp, slug } from '@causeway/contract';
import { isTimeZone } from '../policy/zone-clock.ts';

/**
 * `causeway.yaml`: everything a PoP needs to run, in one file. What is absent has the default written here and nowhere
 * else. Objects are strict: an unknown key is an error, because a misspelt condition of a rule would widen it.
 */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** `127.0.0.1:8443`, `[::1]:8443`, `pop.example:443`; `null` where it is none. */
export function parseHostPort(text: string): HostPort | null {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^[\]:]+)):(\d{1,5})$/.exec(text);
  if (match === null) return null;
  const [, bracketed, plain, digits = ''] = match;
  const port = Number(digits);
  if (port < 1 || port > 65_535) return null;
  if (bracketed !== undefined) return parseIPv6(bracketed) === null ? null : { host: bracketed, port };
  const host = plain ?? '';
  return isIPv4(host) || canonicalName(host) !== null ? { host, port } : null;
}

const hostPort = z
  .string()
  .refine((text) => parseHostPort(text) !== null, 'host:port, like 127.0.0.1:8443 or [::1]:8443');

/** Health, metrics and the like carry no authentication, so they never leave the machine. */
function isLoopback(text: string): boolean {
  const host = parseHostPort(text)?.host ?? '';
  return host === 'localhost' || (isIPv4(host) && host.startsWith('127.')) || parseIPv6(host)?.join() === LOOPBACK_V6;
}
const LOOPBACK_V6 = '0,0,0,0,0,0,0,1';

const path = z.string().min(1).max(4_096);

const certificateFiles = z.strictObject({
  cert: path.describe('PEM file: the certificate, then its intermediates'),
  key: path.describe('PEM file: the private key, not encrypted'),
});

const exportName = slug.describe('what metrics and health call it');
const caFile = path.optional().describe('PEM file of the authorities to trust, in the place of the system’s');

const eventExport = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('file'),
    name: exportName,
    path: path.describe('JSON lines, relative to this file'),
    maxBytes: z
      .number()
      .int()
      .min(1_000_000)
      .max(100_000_000_000)
      .default(100_000_000)
      .describe('a file that would grow larger is put aside'),
    keep: z.number().int().min(1).max(1_000).default(10).describe('files put aside that are kept'),
  }),
  z.strictObject({
    type: z.literal('syslog'),
    name: exportName,
    server: hostPort.describe('RFC 5424 over TLS; usually port 6514'),
    ca: caFile,
  }),
  z.strictObject({
    type: z.literal('webhook'),
    name: exportName,
    url: z.url({ protocol: /^https$/, error: 'an https:// URL' }).max(2_048),
    secret: path.describe('file with the secret that signs, at least 16 characters'),
    ca: caFile,
  }),
]);
export type EventExport = z.output<typeof eventExport>;

/** What the configuration says of a publisher; that it enrolled, and how it is, it says itself. */
export const publisherObject = z.strictObject({ name: slug, description: z.string().max(200).default('') });
export type PublisherObject = z.output<typeof publisherObject>;

export const configSchema = z.strictObject({
  listen: hostPort
    .default('127.0.0.1:8443')
    .describe('the one TCP port that browsers, agents and publishers connect to'),
  publicPort: z
    .number()
    .int()
    .min(1)
    .max(65_535)
    .optional()
    .describe('the port in the URLs that people see, where it differs from that of listen'),
  workers: z.number().int().min(1).max(256).default(1).describe('edge workers; one per core'),
  operations: hostPort
    .refine(isLoopback, 'health and metrics stay on a loopback address')
    .default('127.0.0.1:9464')
    .describe('host:port of health, readiness and metrics; loopback only'),
  domains: z
    .strictObject({
      access: fqdn.describe('custom URLs live below it'),
      identity: fqdn.describe('login. and admin. live below it'),
      tunnel: fqdn.describe('the names that agents and publishers dial live below it'),
    })
    .describe('three domains, none below another'),
  identityProvider: z.strictObject({
    name: slug.default('default').describe('what the directory and the address for SCIM call it'),
    metadata: path.describe('file with the SAML metadata of the identity provider, relative to this file'),
    groupsAttribute: z.string().min(1).max(500).default('groups'),
    displayNameAttribute: z.string().min(1).max(500).default('displayName'),
    ouAttribute: z
      .string()
      .min(1)
      .max(500)
      .optional()
      .describe('names the path of the person’s organisational unit, like corp/sales, for rules with ous'),
    entityId: z
      .string()
      .min(1)
      .max(1_024)
      .optional()
      .describe('what the identity provider calls this PoP; <login origin>/saml/metadata where absent'),
  }),
  session: z
    .strictObject({
      hours: z
        .number()
        .positive()
        .max(24 * 31)
        .default(LIMITS.sessionHours)
        .describe('a person logs in again after so long'),
      graceMinutes: z
        .number()
        .min(0)
        .max(24 * 60)
        .default(LIMITS.graceMinutes)
        .describe(
          'established access goes on for so long while the store or the control process is away; a rule may say otherwise',
        ),
    })
    .prefault({}),
  certificates: z
    .strictObject({
      access: certificateFiles.optional().describe('for *.<access domain>'),
      identity: certificateFiles.optional().describe('for login. and admin. of the identity domain'),
    })
    .prefault({})
    .describe('own web certificates; what is absent comes from the built-in CA'),
  store: z
    .string()
    .regex(/^postgres(?:ql)?:\/\//, 'postgres://user@host/database')
    .max(4_096)
    .optional()
    .describe('the PostgreSQL database of several PoPs; a file in the data folder where absent'),
  masterKey: z
    .union([
      z.strictObject({ file: path.describe('relative to this file; mode 0600') }),
      z.strictObject({
        env: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,199}$/, 'the name of an environment variable'),
      }),
      z.strictObject({
        command: z
          .array(z.string().min(1).max(4_096))
          .min(1)
          .max(64)
          .describe('program and arguments, run without a shell; it prints the key within 10 s'),
      }),
    ])
    .optional()
    .describe(
      'what seals the keys in the store: 32 bytes in base64; the file master.key in the data folder where absent',
    ),
  events: z
    .strictObject({ export: z.array(eventExport).max(16).default([]).describe('where events go besides the store') })
    .prefault({}),
  publishers: z.array(publisherObject).default([]),
  apps: z.array(privateApp).default([]),
  timeZone: z
    .string()
    .refine(isTimeZone, 'a time zone of the IANA database, like Europe/Zurich')
    .default('UTC')
    .describe('in which the times of rules are meant'),
  rules: z
    .array(policyRule)
    .default([])
    .describe('the first that matches decides; where none does, the app does not exist for the person'),
});

/** The checked configuration with every default filled in and every path absolute. */
export type Config = z.output<typeof configSchema>;
/** The configuration without the objects, which the store has. */
export type Deployment = Omit<Config, 'publishers' | 'apps' | 'rules'>;
/** What a person may write. */
export type ConfigInput = z.input<typeof configSchema>;
