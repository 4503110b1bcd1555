import { lookup } from 'node:dns';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { runProgram } from '../harness/program.ts';

export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** A self-signed ECDSA P-256 certificate, the kind of key that the built-in CA issues. */
export async function webCertificate(folder: string): Promise<CertificateFiles> {
  const cert = join(folder, 'web.pem');
  const key = join(folder, 'web.key');
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2'];
  const { code, err } = await runProgram({
    name: 'openssl',
    command: 'openssl',
    args: ['req', '-x509', ...curve, ...subject, '-keyout', key, '-out', cert],
  });
  if (code !== 0) throw new Error(err);
  return { cert, key };
}

/** Protocol, cipher and key type that a client with OpenSSL's defaults gets: peers must not differ in them. */
export function negotiated(port: number, servername: string): Promise<string> {
  const name = /^[\d.]+$/.test(servername) ? {} : { servername };
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, lookup, ...name }, () => {
      const { standardName } = socket.getCipher();
      const certificate = socket.getPeerCertificate();
      const key = `${certificate.asn1Curve ?? 'RSA'} ${certificate.bits ?? ''}`.trim();
      resolve(`${socket.getProtocol() ?? ''} ${standardName} ${key}`);
      socket.destroy();
    });
    socket.once('error', reject);
  });
}
