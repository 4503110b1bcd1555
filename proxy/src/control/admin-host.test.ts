import { once } from 'node:events';
import https from 'node:https';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RpcChannel, type Handlers } from '../rpc/channel.ts';
import type { AdminCalls, ControlCalls, EdgeCalls, Revocation } from '../rpc/messages.ts';
import { startControl, type Control } from './control.ts';
import { makeControlFixture, type ControlFixture } from './control-fixture.ts';
import { Directory } from './directory/directory.ts';
import { ScimTokens } from './directory/scim-tokens.ts';
import { Sessions } from './identity/sessions.ts';
import { KyselyStore } from './store/kysely-store.ts';
import { openDatabase } from './store/open-database.ts';

const ADMIN = 'admin.causeway-id.localhost';

let fixture: ControlFixture;
let control: Control;
let front: net.Server;
/** Another opener of the same store, for what this test does beside SCIM. */
let store: KyselyStore;
let sessions: Sessions;
let token: string;

beforeAll(async () => {
  fixture = await makeControlFixture();
  control = await startControl({
    start: { dataDir: fixture.dataDir, configFile: fixture.configFile, workers: 1 },
    log: pino({ level: 'silent' }),
    send: () => undefined,
    now: Date.now,
  });
  front = net.createServer((socket) => control.handover(socket, ''));
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
  const database = await openDatabase({ file: join(fixture.dataDir, 'causeway.sqlite') });
  store = new KyselyStore(database);
  const directory = new Directory({ database, loginIdp: () => 'default', now: Date.now });
  sessions = new Sessions(store, directory, { epoch: 0, revoke: () => Promise.resolve(0) }, Date.now);
  ({ token } = await new ScimTokens(database, Date.now).issue('default', 'test', null));
}, 30_000);

afterAll(async () => {
  front.close();
  await store.close();
  await control.stop(100);
  fixture.remove();
});

interface Answer {
  readonly status: number;
  readonly body: string;
}

function send(path: string, options: { method?: string; host?: string; body?: object } = {}): Promise<Answer> {
  const { port } = front.address() as net.AddressInfo;
  const request = https.request({
    host: '127.0.0.1',
    port,
    servername: ADMIN,
    ca: readFileSync(join(fixture.dataDir, 'ca.pem'), 'utf8'),
    path,
    method: options.method ?? 'GET',
    headers: {
      host: options.host ?? `${ADMIN}:8443`,
      authorization: `Bearer ${token}`,
      'content-type': 'application/scim+json',
    },
    agent: false,
  });
  return new Promise((resolve, reject) => {
    request.once('error', reject);
    request.once('response', (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      response.once('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    request.end(options.body === undefined ? undefined : JSON.stringify(options.body));
  });
}

test('the admin host has a certificate and answers for itself alone', async () => {
  expect(await send('/scim/v2/default/Users')).toMatchObject({ status: 200 });
  expect(await send('/scim/v2/other/Users')).toMatchObject({ status: 401 });
  expect(await send('/start')).toMatchObject({ status: 404 });
  for (const host of [ADMIN, 'evil.test', `${ADMIN}:1`]) {
    expect(await send('/scim/v2/default/Users', { host })).toMatchObject({ status: 421 });
  }
  const login = await send('/scim/v2/default/Users', { host: 'login.causeway-id.localhost:8443' });
  expect(login.status).toBe(404);
});

test('security case 44: who is deactivated by SCIM is cut at the edges within a second', async () => {
  const base = '/scim/v2/default/Users';
  const made = await send(base, { method: 'POST', body: { userName: 'ada@corp.example' } });
  const { id } = JSON.parse(made.body) as { id: string };
  const person = {
    user: 'ada@corp.example',
    displayName: 'Ada',
    groups: [],
    ou: null,
    nameId: 'a',
    sessionIndex: null,
    notAfter: null,
  };
  const { session } = await sessions.begin(person, '10.0.0.1', 60_000);
  const cut = Promise.withResolvers<Revocation>();
  const handlers: Partial<Handlers<ControlCalls>> = {
    'feed.beat': () => null,
    revoke: (revocation) => {
      cut.resolve(revocation);
      return { epoch: revocation.epoch, cut: 1 };
    },
  };
  const socket = net.connect(join(fixture.dataDir, 'run', 'control.sock'));
  await once(socket, 'connect');
  const edge = new RpcChannel<EdgeCalls & AdminCalls, ControlCalls>(socket, handlers, () => undefined);
  await edge.call('edge.hello', { worker: 0, pid: 1 });
  const before = performance.now();
  const operations = [{ op: 'Replace', path: 'active', value: 'False' }];
  const patched = await send(`${base}/${id}`, { method: 'PATCH', body: { Operations: operations } });
  expect(patched.status).toBe(200);
  expect(await cut.promise).toMatchObject({ sessions: [session.id] });
  expect(performance.now() - before).toBeLessThan(1_000);
  expect(await store.session(session.id)).toBeNull();
  edge.destroy();
});
