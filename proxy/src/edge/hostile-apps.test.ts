import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FakeCa } from './fakes/ca.ts';
import { FakeControl } from './fakes/control.ts';
import { EdgeProcess, signedIn } from './fakes/edge-process.ts';
import { FakeOrigin } from './fakes/origin.ts';
import { FakePeer, toPort } from './fakes/publisher.ts';
import { secretsOf, snapshotOf } from './fakes/snapshot.ts';

const HOST = 'app.causeway.localhost';
const OK = 'HTTP/1.1 200 OK\r\n';
const HANDSHAKE =
  `Host: ${HOST}\r\nOrigin: https://${HOST}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n';

let control: FakeControl;
let origin: FakeOrigin;
let edge: EdgeProcess;
let publisher: FakePeer;
let cookie: string;

beforeAll(async () => {
  const ca = await FakeCa.create();
  const upstream = { host: 'app.corp.example', port: 80 };
  const app = { name: 'app', hosts: [upstream.host], ports: ['tcp/80'], publishers: ['hq'] };
  const rules = [{ name: 'staff', users: ['alice'], action: 'allow' as const }];
  const apps = [{ ...app, clientless: { urls: [HOST], upstream } }];
  control = new FakeControl(snapshotOf(1, { apps, rules }), await secretsOf(ca));
  control.answers['tunnel.peer'] = ({ id }) => ({ kind: 'publisher', id, name: 'hq', apps: [] });
  await control.listen();
  origin = await FakeOrigin.listen();
  edge = await EdgeProcess.start(control);
  await edge.wait('ready');
  publisher = await FakePeer.dial({
    port: edge.port,
    ca,
    identity: await ca.publisher('p1'),
    onOpen: toPort(() => origin.garbagePort),
  });
  await publisher.hello();
  await publisher.wait('assign');
  const person = signedIn('alice', HOST);
  await control.grant(person.grant);
  cookie = person.cookie;
});

afterAll(async () => {
  publisher.tunnel.destroy();
  await edge.stop();
  await origin.close();
  await control.close();
});

/** The edge survives whatever the app says: the next request is answered by the same process. */
async function expectAlive(): Promise<void> {
  origin.garbage = `${OK}content-length: 5\r\n\r\nclean`;
  expect((await edge.fetch(HOST, '/', { headers: { cookie } })).body.toString()).toBe('clean');
  expect(edge.log).not.toContain('uncaught exception');
}

describe('an app that answers', () => {
  test.each([
    ['more than it announced', `${OK}content-length: 2\r\n\r\nokMORE`, /^HTTP\/1\.1 502 /],
    [
      '101 to an ordinary request',
      'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\nxx',
      /^HTTP\/1\.1 502 /,
    ],
    [
      'length and coding',
      `${OK}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`,
      /^HTTP\/1\.1 502 /,
    ],
    [
      'a bare CR in Location',
      'HTTP/1.1 302 F\r\nlocation: /a\rset-cookie: x=1\r\ncontent-length: 0\r\n\r\n',
      /^HTTP\/1\.1 502 /,
    ],
    ['a chunk that is none', `${OK}transfer-encoding: chunked\r\n\r\nxyz\r\n`, /^(?:HTTP\/1\.1 502 |$)/],
    [
      'a coding that nobody undoes',
      `${OK}transfer-encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`,
      /^HTTP\/1\.1 502 /,
    ],
    [
      'two answers at once',
      `${OK}content-length: 2\r\n\r\nok${OK}content-length: 4\r\n\r\nevil`,
      /^HTTP\/1\.1 (?:200|502) /,
    ],
    [
      'hints first',
      `HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${OK}content-length: 2\r\n\r\nok`,
      /^HTTP\/1\.1 200 [^]*ok$/,
    ],
    ['a status that is none', 'HTTP/1.1 999 X\r\ncontent-length: 0\r\n\r\n', /^HTTP\/1\.1 502 /],
    [
      'trailers',
      `${OK}transfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nset-cookie: evil=1\r\n\r\n`,
      /^HTTP\/1\.1 200 /,
    ],
  ])('%s', async (_what, answer, expected) => {
    origin.garbage = answer;
    const text = await edge.raw(
      HOST,
      `GET / HTTP/1.1\r\nHost: ${HOST}\r\nCookie: ${cookie}\r\nConnection: close\r\n\r\n`,
    );
    expect(text).toMatch(expected);
    expect(text).not.toMatch(/evil|x=1/);
    await expectAlive();
  });
});

describe('an app that answers a WebSocket handshake', () => {
  test.each([
    ['with an ordinary answer', `${OK}content-length: 2\r\n\r\nok`, /^HTTP\/1\.1 200 [^]*ok$/],
    ['with more than it announced', `${OK}content-length: 2\r\n\r\nokMORE`, /^(?:HTTP\/1\.1 (?:200|502) |$)/],
    ['with garbage', 'no HTTP at all\r\n\r\n', /^HTTP\/1\.1 502 /],
    ['with another protocol', 'HTTP/1.1 101 S\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\nxx', /^HTTP\/1\.1 502 /],
  ])('%s', async (_what, answer, expected) => {
    origin.garbage = answer;
    const text = await edge.raw(HOST, `GET / HTTP/1.1\r\n${HANDSHAKE}Cookie: ${cookie}\r\n\r\n`);
    expect(text).toMatch(expected);
    await expectAlive();
  });
});
