import 'reflect-metadata';
import { createHash, webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  PemConverter,
  Pkcs10CertificateRequest,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

const P256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
type KeyPair = Awaited<ReturnType<typeof generate>>;
const DAY = 86_400_000;

export interface Issued {
  readonly certificate: string;
  readonly key: string;
}

/** A deployment's CA for tests: issues what a PoP, a publisher or a device has. */
export class FakeCa {
  readonly pem: string;
  /** SHA-256 of the DER, hex: what a join token carries. */
  readonly fingerprint: string;
  readonly #keys: KeyPair;
  readonly #certificate: X509Certificate;
  #serial = 1;

  private constructor(keys: KeyPair, certificate: X509Certificate) {
    this.#keys = keys;
    this.#certificate = certificate;
    this.pem = pemOf(certificate);
    this.fingerprint = createHash('sha256').update(new Uint8Array(certificate.rawData)).digest('hex');
  }

  static async create(): Promise<FakeCa> {
    const keys = await generate();
    const certificate = await X509CertificateGenerator.createSelfSigned(
      {
        serialNumber: '01',
        name: 'CN=test CA',
        notBefore: new Date(Date.now() - 100 * DAY),
        notAfter: new Date(Date.now() + 100 * DAY),
        signingAlgorithm: P256,
        keys,
        extensions: [new BasicConstraintsExtension(true, undefined, true)],
      },
      webcrypto,
    );
    return new FakeCa(keys, certificate);
  }

  /** A certificate and its key, valid from `fromDays` to `toDays` from now. */
  async issue(names: readonly string[], fromDays = -1, toDays = 1): Promise<Issued> {
    const keys = await generate();
    const certificate = await this.#sign(keys.publicKey, names, fromDays, toDays);
    const key = PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
    return { certificate, key };
  }

  /** What a PoP does with a certificate request. */
  async answer(csr: string, name = 'peer.test', fromDays = -1, toDays = 1): Promise<string> {
    const request = new Pkcs10CertificateRequest(csr);
    if (!(await request.verify(webcrypto))) throw new Error('the request does not prove its key');
    return this.#sign(await request.publicKey.export(webcrypto), [name], fromDays, toDays);
  }

  async #sign(publicKey: CryptoKey, names: readonly string[], fromDays: number, toDays: number): Promise<string> {
    this.#serial += 1;
    const certificate = await X509CertificateGenerator.create(
      {
        serialNumber: this.#serial.toString(16).padStart(2, '0'),
        subject: `CN=${names[0] ?? 'nobody'}`,
        issuer: this.#certificate.subject,
        notBefore: new Date(Date.now() + fromDays * DAY),
        notAfter: new Date(Date.now() + toDays * DAY),
        signingAlgorithm: P256,
        publicKey,
        signingKey: this.#keys.privateKey,
        extensions: [new SubjectAlternativeNameExtension(names.map((value) => ({ type: 'dns', value })))],
      },
      webcrypto,
    );
    return pemOf(certificate);
  }
}

function generate() {
  return webcrypto.subtle.generateKey(P256, true, ['sign', 'verify']);
}

/** With the final line end, so that chains can be put together. */
function pemOf(certificate: X509Certificate): string {
  return `${certificate.toString('pem').trim()}\n`;
}
