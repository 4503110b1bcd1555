import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PemConverter, X509CertificateGenerator } from '@peculiar/x509';

/** The signing key of the development identity provider, PEM both. */
export interface IdpKeys {
  readonly key: string;
  readonly certificate: string;
}

const RSA = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
} as const;
const YEARS_10 = 10 * 365 * 24 * 3_600_000;

/** The keys in `dataDir`, made on first use. They are one file, so that key and certificate always fit. */
export async function idpKeys(dataDir: string, now = Date.now()): Promise<IdpKeys> {
  const file = join(dataDir, 'signing.json');
  try {
    return JSON.parse(await readFile(file, 'utf8')) as IdpKeys;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
  const keys = await generate(now);
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  await chmod(dataDir, 0o700);
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, JSON.stringify(keys), { mode: 0o600 });
  await rename(draft, file);
  return keys;
}

async function generate(now: number): Promise<IdpKeys> {
  const pair = await webcrypto.subtle.generateKey(RSA, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: `01${randomBytes(15).toString('hex')}`,
    name: 'CN=Causeway development identity provider',
    notBefore: new Date(now - 60_000),
    notAfter: new Date(now + YEARS_10),
    signingAlgorithm: RSA,
    keys: pair,
  });
  const key = await webcrypto.subtle.exportKey('pkcs8', pair.privateKey);
  return { key: PemConverter.encode(key, 'PRIVATE KEY'), certificate: certificate.toString('pem') };
}
