import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { isDeepStrictEqual } from 'node:util';
import { CausewayError, type PrivateApp } from '@causeway/contract';
import { adminHost, loginHost } from '../../config/derive.ts';
import type { Deployment } from '../../config/schema.ts';
import type { CustomCertificate } from '../objects/kinds/custom-certificate.ts';
import type { Secrets } from '../sealing/secrets.ts';
import type { Ca, IssuedServer } from './ca.ts';
import { servedCertificates, type ServedCertificate } from './custom-certificates.ts';

export interface ServerCertificate {
  /** PEM chain, leaf first. */
  readonly cert: string;
  /** PEM. */
  readonly key: string;
}

export interface ServerCertificates {
  /** `<access>` and everything below it that is a custom URL. */
  readonly access: ServerCertificate;
  /** What single custom URLs have instead. */
  readonly custom: readonly ServedCertificate[];
  /** `login.` and `admin.` of the identity domain. */
  readonly identity: ServerCertificate;
  /** `*.<tunnel>`, chain with root. */
  readonly tunnel: ServerCertificate;
  /** When to ask again, milliseconds since 1970: something is renewed then, or files are read anew. */
  readonly renewAt: number;
  /** Certificates that browsers will not accept, and those without a key. */
  readonly warnings: readonly string[];
}

/** What names the certificates are for. */
export interface WebNames {
  readonly deployment: Deployment;
  readonly apps: readonly PrivateApp[];
  readonly custom: readonly CustomCertificate[];
}

const LIFE_DAYS = 30;
const REREAD_MS = 12 * 3_600_000;

interface Kept extends IssuedServer {
  readonly names: readonly string[];
  readonly ca: string;
}

/**
 * The server certificates of this configuration: objects for single custom URLs, the files that it names, else from the
 * built-in CA, kept sealed in the store and renewed after two thirds of their 30 days.
 *
 * @throws CausewayError `CW_CONFIG_INVALID` where a file holds no certificate or not its key
 */
export async function serverCertificates(
  secrets: Secrets,
  ca: Ca,
  names: WebNames,
  now: number,
): Promise<ServerCertificates> {
  const config = names.deployment;
  const { tunnel } = config.domains;
  const files = config.certificates;
  const identityNames = [loginHost(config), adminHost(config)];
  const accessCertificate =
    files.access === undefined
      ? await keptCertificate(secrets, ca, 'access', accessNames(names), now)
      : await fileCertificate('access', files.access, accessNames(names), now);
  const identityCertificate =
    files.identity === undefined
      ? await keptCertificate(secrets, ca, 'identity', identityNames, now)
      : await fileCertificate('identity', files.identity, identityNames, now);
  const tunnelCertificate = await keptCertificate(secrets, ca, 'tunnel', [`*.${tunnel}`], now);
  const custom = await servedCertificates(secrets, names.custom, now);
  const all = [accessCertificate, identityCertificate, tunnelCertificate];
  return {
    access: accessCertificate.pair,
    custom: custom.served,
    identity: identityCertificate.pair,
    tunnel: tunnelCertificate.pair,
    renewAt: Math.min(...all.map(({ renewAt }) => renewAt)),
    warnings: [...all.flatMap(({ warnings }) => warnings), ...custom.warnings],
  };
}

/** Whether the same is served with both. */
export function sameCertificates(a: ServerCertificates, b: ServerCertificates): boolean {
  return (['access', 'custom', 'identity', 'tunnel'] as const).every((name) => isDeepStrictEqual(a[name], b[name]));
}

/**
 * A wildcard stands for one label (RFC 6125 §6.4.3), so a custom URL further down brings the wildcard of its zone, unless
 * it has a certificate of its own.
 */
function accessNames({ deployment, apps, custom }: WebNames): string[] {
  const { access } = deployment.domains;
  const names = new Set([access, `*.${access}`]);
  const own = new Set(custom.flatMap(({ hosts }) => hosts));
  for (const url of apps.flatMap((app) => app.clientless?.urls ?? [])) {
    if (!own.has(url)) names.add(`*.${url.slice(url.indexOf('.') + 1)}`);
  }
  return [...names];
}

interface Certificate {
  readonly pair: ServerCertificate;
  readonly renewAt: number;
  readonly warnings: readonly string[];
}

async function keptCertificate(
  secrets: Secrets,
  ca: Ca,
  kind: 'access' | 'identity' | 'tunnel',
  names: readonly string[],
  now: number,
): Promise<Certificate> {
  const secret = `certificate:${kind}`;
  const present = await secrets.findSecret(secret);
  let kept = present === null ? null : (JSON.parse(present) as Kept);
  if (kept === null || !isGood(kept, ca, names, now)) {
    const issued = await ca.issueServer({ names, days: LIFE_DAYS, withRoot: kind === 'tunnel' });
    const text = JSON.stringify({ ...issued, names, ca: ca.fingerprint } satisfies Kept);
    // Of two that renew at once both end up with the same one.
    const agreed =
      present === null ? await secrets.secret(secret, () => text) : await secrets.replaceSecret(secret, present, text);
    kept = JSON.parse(agreed) as Kept;
  }
  return { pair: { cert: kept.cert, key: kept.key }, renewAt: renewAt(kept), warnings: [] };
}

function isGood(kept: Kept, ca: Ca, names: readonly string[], now: number): boolean {
  return (
    kept.ca === ca.fingerprint &&
    now >= kept.notBefore &&
    now < renewAt(kept) &&
    kept.names.length === names.length &&
    names.every((name) => kept.names.includes(name))
  );
}

function renewAt({ notBefore, notAfter }: IssuedServer): number {
  return notBefore + Math.floor(((notAfter - notBefore) * 2) / 3);
}

async function fileCertificate(
  kind: 'access' | 'identity',
  files: { readonly cert: string; readonly key: string },
  names: readonly string[],
  now: number,
): Promise<Certificate> {
  try {
    const [cert, key] = await Promise.all([readFile(files.cert, 'utf8'), readFile(files.key, 'utf8')]);
    const leaf = new X509Certificate(cert);
    if (!leaf.checkPrivateKey(createPrivateKey(key))) throw new Error(`${files.key} is not the key of ${files.cert}`);
    createSecureContext({ cert, key }); // a broken chain, or a key that is too weak for TLS, is found here and not at an edge
    const warnings: string[] = [];
    if (leaf.validToDate.getTime() <= now) warnings.push(`certificates.${kind}: expired on ${leaf.validTo}`);
    if (leaf.validFromDate.getTime() > now) warnings.push(`certificates.${kind}: not valid before ${leaf.validFrom}`);
    for (const name of names) {
      // Asking for a wildcard means asking for any name that it stands for.
      const host = name.replace(/^\*/, 'any');
      if (leaf.checkHost(host) === undefined) warnings.push(`certificates.${kind}: does not cover ${name}`);
    }
    return { pair: { cert, key }, renewAt: now + REREAD_MS, warnings };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new CausewayError('CW_CONFIG_INVALID', `certificates.${kind}: ${message}`, { cause: error });
  }
}
