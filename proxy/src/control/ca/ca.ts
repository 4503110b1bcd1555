import 'reflect-metadata';
import { createHash, createPrivateKey, randomBytes, webcrypto } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
  type Extension,
  type JsonGeneralNames,
} from '@peculiar/x509';
import { CausewayError } from '@causeway/contract';
import type { Secrets } from '../sealing/secrets.ts';
import { checkRequest } from './certificate-request.ts';

/**
 * The deployment's own certificate authority. It signs the tunnel's server certificates, the client certificates of
 * publishers and devices, and the web certificates for which the configuration names no files. One level: a root that
 * signs leaves and can sign no other CA (path length 0).
 */
export interface Ca {
  /** PEM of the root. */
  readonly certificate: string;
  /** SHA-256 of the root's DER, 64 hex digits: what join tokens carry. */
  readonly fingerprint: string;
  /** A new key and a certificate for TLS servers only. */
  issueServer(request: ServerRequest): Promise<IssuedServer>;
  /**
   * A certificate for TLS clients only, over the public key of a PKCS#10 request; its names are ours, whatever the
   * request says.
   *
   * @throws CausewayError `CW_CSR_INVALID`
   */
  issueClient(request: ClientRequest): Promise<IssuedClient>;
}

export interface ServerRequest {
  /** DNS names, wildcards included; at least one. */
  readonly names: readonly string[];
  readonly days: number;
  /** The chain ends with the root: peers that only know its fingerprint find it there. */
  readonly withRoot?: boolean;
}

export interface IssuedServer {
  /** PEM chain, leaf first. */
  readonly cert: string;
  /** PKCS#8 PEM. */
  readonly key: string;
  readonly notBefore: number;
  readonly notAfter: number;
}

export interface ClientRequest {
  readonly kind: 'publisher' | 'device';
  readonly id: string;
  /** PEM. */
  readonly csr: string;
  readonly days: number;
}

export interface IssuedClient {
  /** PEM of the leaf. */
  readonly certificate: string;
  /** SHA-256 of its DER, 64 hex digits. */
  readonly fingerprint: string;
  readonly notAfter: number;
}

const DAY_MS = 86_400_000;
const ROOT_DAYS = 3_652;
/** A peer whose clock is a little behind accepts the certificate at once. */
const SKEW_MS = 5 * 60_000;
const SECRET = 'ca';

const CURVE = { name: 'ECDSA', namedCurve: 'P-256' };
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' };

/** The CA of this deployment, made on first use. */
export async function openCa(secrets: Secrets, now: () => number = Date.now): Promise<Ca> {
  let kept = await secrets.findSecret(SECRET);
  if (kept === null) {
    const made = JSON.stringify(await makeRoot(now()));
    kept = await secrets.secret(SECRET, () => made);
  }
  const { key, certificate } = JSON.parse(kept) as { key: string; certificate: string };
  return new StoreCa(new X509Certificate(certificate), await importSigningKey(key), now);
}

async function makeRoot(now: number): Promise<{ key: string; certificate: string }> {
  const keys = await newKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: serial(),
      // The random part tells two deployments apart where a person sees both in one trust store.
      name: [{ CN: [`Causeway CA ${randomBytes(4).toString('hex')}`] }],
      notBefore: wholeSecond(now - SKEW_MS),
      notAfter: wholeSecond(now + ROOT_DAYS * DAY_MS),
      signingAlgorithm: SIGNATURE,
      keys,
      extensions: [
        new BasicConstraintsExtension(true, 0, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
        await SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  );
  return { key: await exportKey(keys.privateKey), certificate: pem(certificate) };
}

class StoreCa implements Ca {
  readonly certificate: string;
  readonly fingerprint: string;
  readonly #root: X509Certificate;
  readonly #key: webcrypto.CryptoKey;
  readonly #now: () => number;

  constructor(root: X509Certificate, key: webcrypto.CryptoKey, now: () => number) {
    this.#root = root;
    this.#key = key;
    this.#now = now;
    this.certificate = pem(root);
    this.fingerprint = fingerprintOf(root);
  }

  async issueServer({ names, days, withRoot = false }: ServerRequest): Promise<IssuedServer> {
    const [first] = names;
    if (first === undefined) throw new CausewayError('CW_INTERNAL', 'a server certificate without a name');
    const keys = await newKeys();
    const leaf = await this.#issue({
      // RFC 5280 A.1: a common name has 64 characters at most; clients read the subject alternative names anyway.
      commonName: first.length <= 64 ? first : 'Causeway',
      names: names.map((name) => ({ type: 'dns', value: name })),
      usage: ExtendedKeyUsage.serverAuth,
      publicKey: keys.publicKey,
      days,
    });
    return {
      cert: withRoot ? pem(leaf) + this.certificate : pem(leaf),
      key: await exportKey(keys.privateKey),
      notBefore: leaf.notBefore.getTime(),
      notAfter: leaf.notAfter.getTime(),
    };
  }

  async issueClient({ kind, id, csr, days }: ClientRequest): Promise<IssuedClient> {
    const leaf = await this.#issue({
      commonName: id,
      names: [{ type: 'url', value: `causeway:${kind}:${id}` }],
      usage: ExtendedKeyUsage.clientAuth,
      publicKey: await checkRequest(csr),
      days,
    });
    return { certificate: pem(leaf), fingerprint: fingerprintOf(leaf), notAfter: leaf.notAfter.getTime() };
  }

  async #issue(leaf: {
    commonName: string;
    names: JsonGeneralNames;
    usage: ExtendedKeyUsage;
    publicKey: webcrypto.CryptoKey;
    days: number;
  }): Promise<X509Certificate> {
    const now = this.#now();
    const end = Math.min(now + leaf.days * DAY_MS, this.#root.notAfter.getTime());
    const extensions: Extension[] = [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([leaf.usage]),
      new SubjectAlternativeNameExtension(leaf.names),
      await SubjectKeyIdentifierExtension.create(leaf.publicKey, false, webcrypto),
      await AuthorityKeyIdentifierExtension.create(this.#root.publicKey, false, webcrypto),
    ];
    return X509CertificateGenerator.create(
      {
        serialNumber: serial(),
        subject: [{ CN: [leaf.commonName] }],
        issuer: this.#root.subjectName,
        notBefore: wholeSecond(now - SKEW_MS),
        notAfter: wholeSecond(end),
        signingAlgorithm: SIGNATURE,
        signingKey: this.#key,
        publicKey: leaf.publicKey,
        extensions,
      },
      webcrypto,
    );
  }
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(CURVE, true, ['sign', 'verify']);
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  return `${PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`;
}

function importSigningKey(text: string): Promise<webcrypto.CryptoKey> {
  const der = createPrivateKey(text).export({ format: 'der', type: 'pkcs8' });
  return webcrypto.subtle.importKey('pkcs8', der, CURVE, false, ['sign']);
}

/** 126 random bits; positive and never with a leading zero byte (RFC 5280 §4.1.2.2). */
function serial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString('hex');
}

/** Certificates count seconds; rounding here keeps what we store and what we sign the same. */
function wholeSecond(ms: number): Date {
  return new Date(Math.floor(ms / 1_000) * 1_000);
}

function pem(certificate: X509Certificate): string {
  return `${certificate.toString('pem')}\n`;
}

function fingerprintOf(certificate: X509Certificate): string {
  return createHash('sha256').update(new Uint8Array(certificate.rawData)).digest('hex');
}
