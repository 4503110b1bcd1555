import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { PemConverter, Pkcs10CertificateRequestGenerator } from '@peculiar/x509';

const P256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** A new EC P-256 key (PKCS#8, PEM) and a PKCS#10 request that proves it is held. The PoP sets every name itself. */
export async function certificateRequest(): Promise<{ key: string; csr: string }> {
  const keys = await webcrypto.subtle.generateKey(P256, true, ['sign', 'verify']);
  const request = await Pkcs10CertificateRequestGenerator.create(
    { name: 'CN=causeway', keys, signingAlgorithm: P256 },
    webcrypto,
  );
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return { key: PemConverter.encode(pkcs8, 'PRIVATE KEY'), csr: request.toString('pem') };
}
