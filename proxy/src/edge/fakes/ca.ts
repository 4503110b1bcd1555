import 'reflect-metadata';
import { createHash, webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
  type JsonGeneralName,
  type X509Certificate,
} from '@peculiar/x509';

const P256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
type KeyPair = Awaited<ReturnType<typeof generate>>;
const DAY = 86_400_000;

export interface Issued {
  readonly certificate: string;
  readonly key: string;
  /** SHA-256 of the DER, 64 hex digits. */
  readonly fingerprint: string;
}

export interface IssueOptions {
  readonly names: readonly JsonGeneralName[];
  readonly usage?: 'client' | 'server';
  readonly fromDays?: number;
  readonly toDays?: number;
}

/** A deployment's CA, for tests: issues what the PoP and its peers have, also what is wrong with them. */
export class FakeCa {
  readonly pem: string;
  readonly #keys: KeyPair;
  readonly #certificate: X509Certificate;
  #serial = 1;

  private constructor(keys: KeyPair, certificate: X509Certificate) {
    this.#keys = keys;
    this.#certificate = certificate;
    this.pem = pemOf(certificate);
  }

  static async create(name = 'CN=test CA'): Promise<FakeCa> {
    const keys = await generate();
    const certificate = await X509CertificateGenerator.createSelfSigned(
      {
        serialNumber: '01',
        name,
        notBefore: new Date(Date.now() - 30 * DAY),
        notAfter: new Date(Date.now() + 30 * DAY),
        signingAlgorithm: P256,
        keys,
        extensions: [new BasicConstraintsExtension(true, undefined, true)],
      },
      webcrypto,
    );
    return new FakeCa(keys, certificate);
  }

  async issue({ names, usage = 'server', fromDays = -1, toDays = 1 }: IssueOptions): Promise<Issued> {
    const keys = await generate();
    this.#serial += 1;
    const certificate = await X509CertificateGenerator.create(
      {
        serialNumber: this.#serial.toString(16).padStart(2, '0'),
        subject: 'CN=leaf',
        issuer: this.#certificate.subject,
        notBefore: new Date(Date.now() + fromDays * DAY),
        notAfter: new Date(Date.now() + toDays * DAY),
        signingAlgorithm: P256,
        publicKey: keys.publicKey,
        signingKey: this.#keys.privateKey,
        extensions: [
          new BasicConstraintsExtension(false),
          new ExtendedKeyUsageExtension([
            usage === 'client' ? ExtendedKeyUsage.clientAuth : ExtendedKeyUsage.serverAuth,
          ]),
          new SubjectAlternativeNameExtension([...names]),
        ],
      },
      webcrypto,
    );
    return {
      certificate: pemOf(certificate),
      key: PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY'),
      fingerprint: createHash('sha256').update(new Uint8Array(certificate.rawData)).digest('hex'),
    };
  }

  publisher(id: string, days: { fromDays?: number; toDays?: number } = {}): Promise<Issued> {
    return this.issue({ names: [{ type: 'url', value: `causeway:publisher:${id}` }], usage: 'client', ...days });
  }

  device(id: string): Promise<Issued> {
    return this.issue({ names: [{ type: 'url', value: `causeway:device:${id}` }], usage: 'client' });
  }
}

function generate() {
  return webcrypto.subtle.generateKey(P256, true, ['sign', 'verify']);
}

function pemOf(certificate: X509Certificate): string {
  return `${certificate.toString('pem').trim()}\n`;
}
