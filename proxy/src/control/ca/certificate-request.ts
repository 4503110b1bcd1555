import 'reflect-metadata';
import { createPublicKey, webcrypto, type KeyObject } from 'node:crypto';
import { PemConverter, Pkcs10CertificateRequest } from '@peculiar/x509';
import { CausewayError } from '@causeway/contract';

/** A request with an RSA key of 4096 bits has about 1.7 KB; nothing honest comes near this. */
const MAX_BYTES = 8 * 1024;
const ONE_REQUEST = /^\s*-----BEGIN CERTIFICATE REQUEST-----[\sA-Za-z0-9+/=]+-----END CERTIFICATE REQUEST-----\s*$/;
const HASHES = new Set(['SHA-256', 'SHA-384', 'SHA-512']);

/**
 * The public key of a PKCS#10 request (RFC 2986) whose signature proves that the sender holds the private key. Names
 * and extensions that it asks for are ignored.
 *
 * @param text PEM, 8 KiB at most; P-256, P-384, Ed25519, or RSA of 2048 to 4096 bits
 * @throws CausewayError `CW_CSR_INVALID`
 */
export async function checkRequest(text: string): Promise<webcrypto.CryptoKey> {
  if (text.length > MAX_BYTES || !ONE_REQUEST.test(text)) throw invalid('not one PEM certificate request');
  try {
    const request = new Pkcs10CertificateRequest(PemConverter.decodeFirst(text));
    const key = createPublicKey({ key: Buffer.from(request.publicKey.rawData), format: 'der', type: 'spki' });
    if (!isStrong(key)) throw invalid('a key of a kind or size that is not accepted');
    // An Ed25519 signature names no hash.
    const { hash }: { hash?: { name?: string } } = request.signatureAlgorithm;
    if (key.asymmetricKeyType !== 'ed25519' && !HASHES.has(hash?.name ?? ''))
      throw invalid('a signature over a weak hash');
    if (!(await request.verify(webcrypto))) throw invalid('the request is not signed by its own key');
    return await request.publicKey.export(webcrypto);
  } catch (error) {
    if (error instanceof CausewayError) throw error;
    throw new CausewayError('CW_CSR_INVALID', 'the certificate request cannot be read', { cause: error });
  }
}

function isStrong(key: KeyObject): boolean {
  const { namedCurve, modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case 'ec':
      return namedCurve === 'prime256v1' || namedCurve === 'secp384r1';
    case 'ed25519':
      return true;
    case 'rsa':
      return modulusLength >= 2048 && modulusLength <= 4096;
    default:
      return false;
  }
}

function invalid(message: string): CausewayError {
  return new CausewayError('CW_CSR_INVALID', message);
}
