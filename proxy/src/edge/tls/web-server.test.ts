import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import tls from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EdgeSecrets } from '../../rpc/messages.ts';
import { FakeCa } from '../fakes/ca.ts';
import { secretsOf } from '../fakes/snapshot.ts';
import { createWebTlsServer, type WebTls } from './web-server.ts';

const WIKI = 'wiki.causeway.localhost';
const OTHER = 'other.causeway.localhost';
const own = await FakeCa.create('CN=bought elsewhere');
let secrets: EdgeSecrets;
let web: WebTls;
const open: tls.TLSSocket[] = [];

beforeAll(async () => {
  secrets = await secretsOf(await FakeCa.create());
  web = createWebTlsServer({ ...secrets, custom: [await certificateOf(WIKI)] }, (socket) => socket.pipe(socket));
  web.server.listen(0, '127.0.0.1');
  await once(web.server, 'listening');
});
afterAll(() => {
  for (const socket of open) socket.destroy();
  web.server.close();
});

async function certificateOf(host: string): Promise<EdgeSecrets['custom'][number]> {
  const { certificate, key } = await own.issue({ names: [{ type: 'dns', value: host }] });
  return { hosts: [host], cert: certificate, key };
}

async function dial(servername: string): Promise<{ socket: tls.TLSSocket; leaf: X509Certificate }> {
  const { port } = web.server.address() as AddressInfo;
  const socket = tls.connect({ host: '127.0.0.1', port, servername, ca: [own.pem, secrets.ca] });
  open.push(socket);
  await once(socket, 'secureConnect');
  const leaf = socket.getPeerX509Certificate();
  if (leaf === undefined) throw new Error('no certificate');
  return { socket, leaf };
}

const isOwn = ({ leaf }: { leaf: X509Certificate }): boolean => leaf.checkIssued(new X509Certificate(own.pem));

test('a custom URL with a certificate of its own shows that one, whatever the case of its name', async () => {
  expect(isOwn(await dial(WIKI))).toBe(true);
  expect(isOwn(await dial(WIKI.toUpperCase()))).toBe(true);
  expect(isOwn(await dial(OTHER))).toBe(false);
});

test('certificates are swapped for connections to come, and open ones go on', async () => {
  const before = await dial(WIKI);
  web.renew({ ...secrets, custom: [await certificateOf(OTHER), await certificateOf('third.causeway.localhost')] });
  expect(isOwn(await dial(WIKI))).toBe(false);
  expect(isOwn(await dial(OTHER))).toBe(true);
  before.socket.write('still here');
  const [echo] = (await once(before.socket, 'data')) as [Buffer];
  expect(echo.toString()).toBe('still here');
});

test('what does not go together is refused, and what was in force stays', async () => {
  const kept = await certificateOf(WIKI);
  web.renew({ ...secrets, custom: [kept] });
  const wrong = { ...(await certificateOf(WIKI)), key: kept.key };
  expect(() => web.renew({ ...secrets, custom: [wrong] })).toThrow(/key values mismatch/);
  expect((await dial(WIKI)).leaf.fingerprint256).toBe(new X509Certificate(kept.cert).fingerprint256);
});
