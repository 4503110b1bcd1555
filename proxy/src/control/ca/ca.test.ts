import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { memorySecrets } from '../sealing/fixtures/memory-secrets.ts';
import { openCa, type Ca } from './ca.ts';
import { newRequest } from './fixtures/requests.ts';

let folder = '';
const secrets = memorySecrets();
let ca: Ca;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'causeway-ca-'));
  ca = await openCa(secrets);
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function openssl(args: readonly string[], certificate: string): Promise<string> {
  await writeFile(join(folder, 'ca.pem'), ca.certificate);
  await writeFile(join(folder, 'leaf.pem'), certificate);
  try {
    return execFileSync('openssl', args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    return error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
  }
}
const verify = (purpose: string, ...more: string[]): string[] => [
  'verify',
  '-x509_strict',
  '-CAfile',
  'ca.pem',
  '-purpose',
  purpose,
  ...more,
  'leaf.pem',
];

test('the CA is made once and kept', async () => {
  const again = await openCa(secrets);
  expect(again.certificate).toBe(ca.certificate);
  expect(again.fingerprint).toBe(ca.fingerprint);
  const root = new X509Certificate(ca.certificate);
  expect(root.fingerprint256.replaceAll(':', '').toLowerCase()).toBe(ca.fingerprint);
  expect(root.ca).toBe(true);
  expect(root.subject).toMatch(/^CN=Causeway CA [0-9a-f]{8}$/);
  expect(root.verify(root.publicKey)).toBe(true);
  expect(await openssl(['x509', '-in', 'ca.pem', '-noout', '-text'], '')).toMatch(/CA:TRUE, pathlen:0/);
});

test('two that start at once end up with one CA', async () => {
  const fresh = memorySecrets();
  const [a, b] = await Promise.all([openCa(fresh), openCa(fresh)]);
  expect(a.fingerprint).toBe(b.fingerprint);
  expect(a.fingerprint).not.toBe(ca.fingerprint);
});

test('OpenSSL accepts a server certificate as one, and only for its names', async () => {
  const { cert } = await ca.issueServer({ names: ['*.apps.example', 'apps.example'], days: 30 });
  expect(await openssl(verify('sslserver', '-verify_hostname', 'x.apps.example'), cert)).toBe('leaf.pem: OK\n');
  expect(await openssl(verify('sslserver', '-verify_hostname', 'apps.example'), cert)).toBe('leaf.pem: OK\n');
  expect(await openssl(verify('sslserver', '-verify_hostname', 'x.y.apps.example'), cert)).toMatch(
    /hostname mismatch/i,
  );
  expect(await openssl(verify('sslclient'), cert)).toMatch(/unsuitable certificate purpose/i);
});

test('OpenSSL accepts a client certificate as one, and as nothing else', async () => {
  const { csr } = await newRequest('p256', 'CN=login.id.example');
  const { certificate, fingerprint, notAfter } = await ca.issueClient({ kind: 'device', id: 'd_1', csr, days: 7 });
  expect(await openssl(verify('sslclient'), certificate)).toBe('leaf.pem: OK\n');
  expect(await openssl(verify('sslserver'), certificate)).toMatch(/unsuitable certificate purpose/i);
  const leaf = new X509Certificate(certificate);
  expect(leaf.subject).toBe('CN=d_1');
  expect(leaf.subjectAltName).toBe('URI:causeway:device:d_1');
  expect(leaf.ca).toBe(false);
  expect(leaf.fingerprint256.replaceAll(':', '').toLowerCase()).toBe(fingerprint);
  expect(leaf.validToDate.getTime()).toBe(notAfter);
});

test('lifetimes allow for skew, and never outlive the root', async () => {
  const now = Date.UTC(2030, 0, 1);
  let clock = now;
  const old = await openCa(memorySecrets(), () => clock);
  const day = await old.issueServer({ names: ['a.example'], days: 1 });
  expect(day).toMatchObject({ notBefore: now - 300_000, notAfter: now + 86_400_000 });
  clock = new X509Certificate(old.certificate).validToDate.getTime() - 3_600_000;
  const last = await old.issueServer({ names: ['a.example'], days: 30 });
  expect(last.notAfter).toBe(clock + 3_600_000);
});

test('serial numbers never repeat', async () => {
  const serials = new Set<string>();
  for (let i = 0; i < 20; i++) {
    serials.add(new X509Certificate((await ca.issueServer({ names: ['a.example'], days: 1 })).cert).serialNumber);
  }
  expect(serials.size).toBe(20);
});

describe('a tunnel’s handshake', () => {
  /** One mutual TLS 1.3 handshake; what the server saw of the client, or why it refused. */
  async function handshake(client: { cert?: string; key?: string; ca: string }): Promise<string> {
    const { cert, key } = await ca.issueServer({ names: ['*.tunnel.example'], days: 1, withRoot: true });
    // As the acceptor does, which tells an expired certificate from a foreign one by itself.
    const options = { requestCert: true, rejectUnauthorized: false, minVersion: 'TLSv1.3' } as const;
    const server = createServer({ cert, key, ca: ca.certificate, ...options });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const seen = new Promise<string>((resolve) => {
      server.once('tlsClientError', (error) => resolve(`refused: ${error.message}`));
      server.once('secureConnection', (socket: TLSSocket) => {
        socket.on('error', () => {});
        const altName = socket.getPeerCertificate().subjectaltname;
        resolve(socket.authorized ? `accepted ${altName}` : `refused: ${String(socket.authorizationError)}`);
        socket.end();
      });
    });
    const socket = connect({ host: '127.0.0.1', port, servername: 'w0.tunnel.example', ...client });
    const failed = new Promise<string>((resolve) => socket.once('error', (e) => resolve(`client: ${e.message}`)));
    const outcome = await Promise.race([seen, failed]);
    socket.destroy();
    server.close();
    await once(server, 'close');
    return outcome;
  }

  test.each(['p256', 'p384', 'ed25519', 'rsa2048'] as const)('accepts our certificate over a %s key', async (kind) => {
    const { csr, key } = await newRequest(kind);
    const { certificate } = await ca.issueClient({ kind: 'publisher', id: 'p_1', csr, days: 7 });
    expect(await handshake({ cert: certificate, key, ca: ca.certificate })).toBe('accepted URI:causeway:publisher:p_1');
  });

  test('refuses a certificate of another deployment', async () => {
    const foreign = await openCa(memorySecrets());
    const { csr, key } = await newRequest();
    const { certificate } = await foreign.issueClient({ kind: 'publisher', id: 'p_1', csr, days: 7 });
    expect(await handshake({ cert: certificate, key, ca: ca.certificate })).toMatch(/^refused: /);
    expect(await handshake({ ca: foreign.certificate })).toMatch(/^client: /);
  });

  test('refuses a server’s certificate as a client’s', async () => {
    const { cert, key } = await ca.issueServer({ names: ['p_1'], days: 1 });
    expect(await handshake({ cert, key, ca: ca.certificate })).toMatch(/^refused: .*PURPOSE/);
  });

  test('presents the root, so that a peer that knows its fingerprint finds it', async () => {
    const { cert } = await ca.issueServer({ names: ['*.tunnel.example'], days: 1, withRoot: true });
    expect(cert.endsWith(ca.certificate)).toBe(true);
    expect(cert.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
  });
});
