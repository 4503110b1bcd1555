import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTls, type TLSSocket } from 'node:tls';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { FakeCa, type Issued } from '../../../edge/fakes/ca.ts';
import { eventOf } from '../event-fixture.ts';
import { FileSink } from './file-sink.ts';
import { syslogFrame } from './syslog-message.ts';
import { SyslogSink } from './syslog-sink.ts';
import { signatureOf, WebhookSink } from './webhook-sink.ts';

const patient = (): AbortSignal => AbortSignal.timeout(10_000);
let ca: FakeCa;
let issued: Issued;
beforeAll(async () => {
  ca = await FakeCa.create();
  issued = await ca.issue({ names: [{ type: 'dns', value: 'localhost' }] });
});

async function listen(server: Server): Promise<number> {
  server.listen(0, 'localhost');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

describe('the file', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'causeway-file-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('holds a JSON a line, and is put aside before it grows too large', async () => {
    const path = join(folder, 'out', 'events.ndjson');
    const size = JSON.stringify(eventOf()).length + 1;
    const sink = new FileSink({ path, maxBytes: 2 * size, keep: 2 });
    for (let i = 0; i < 7; i++) await sink.send([eventOf({ decision: `d${i}`.padEnd(3) })]);
    await sink.close();
    const decisions = (name: string): string[] =>
      readFileSync(join(folder, 'out', name), 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as { decision: string }).decision.trim());
    expect(readdirSync(join(folder, 'out')).toSorted()).toEqual([
      'events.ndjson',
      'events.ndjson.1',
      'events.ndjson.2',
    ]);
    expect(['events.ndjson.2', 'events.ndjson.1', 'events.ndjson'].map(decisions)).toEqual([
      ['d2', 'd3'],
      ['d4', 'd5'],
      ['d6'],
    ]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('is begun anew when somebody moved it, and gone on with after a restart', async () => {
    const path = join(folder, 'events.ndjson');
    const options = { path, maxBytes: 1_000_000, keep: 1 };
    const sink = new FileSink(options);
    await sink.send([eventOf()]);
    renameSync(path, join(folder, 'moved'));
    await sink.send([eventOf()]);
    await sink.close();
    const again = new FileSink(options);
    await again.send([eventOf()]);
    await again.close();
    expect(readFileSync(path, 'utf8').trimEnd().split('\n')).toHaveLength(2);
  });
});

describe('syslog', () => {
  test('is framed by its length in bytes, with time, severity and the event', () => {
    const event = eventOf({
      at: Date.UTC(2026, 10, 22),
      path: '/ü',
      verdict: { action: 'block', rule: null, why: '' },
    });
    const text = syslogFrame(event, 'pöp.example', 7).toString();
    const match = /^(\d+) (<108>1 2026-11-22T00:00:00\.000Z pp\.example causeway 7 request - (\{.*\}))$/s.exec(text);
    expect(Number(match?.[1])).toBe(Buffer.byteLength(match?.[2] ?? ''));
    expect(JSON.parse(match?.[3] ?? '')).toEqual(event);
    expect(syslogFrame(eventOf(), '', 7).toString()).toContain('<110>1 1970-01-01T00:00:01.000Z - causeway');
  });

  test('goes over TLS to a server that the CA vouches for, and connects again', async () => {
    let received = '';
    const sockets: TLSSocket[] = [];
    const server = createTls({ cert: issued.certificate, key: issued.key }, (socket) => {
      sockets.push(socket);
      socket.on('data', (chunk) => (received += chunk.toString()));
    });
    const port = await listen(server);
    const sink = new SyslogSink({ host: 'localhost', port, ca: ca.pem });
    await sink.send([eventOf({ decision: 'one' })], patient());
    await expect.poll(() => received).toContain('"decision":"one"');
    sockets[0]?.destroy();
    await expect
      .poll(() =>
        sink.send([eventOf({ decision: 'two' })], patient()).then(
          () => received.includes('two'),
          () => false,
        ),
      )
      .toBe(true);
    const stranger = new SyslogSink({ host: 'localhost', port });
    await expect(stranger.send([eventOf()], patient())).rejects.toThrow(/certificate/);
    await sink.close();
    for (const socket of sockets) socket.destroy();
    server.close();
    const gone = new SyslogSink({ host: 'localhost', port, ca: ca.pem });
    await expect(gone.send([eventOf()], patient())).rejects.toThrow(/ECONNREFUSED/);
  });

  test('a server that is silent is given up', async () => {
    const { createServer } = await import('node:net');
    const server = createServer();
    const sockets: { destroy(): void }[] = [];
    server.on('connection', (socket) => sockets.push(socket));
    const sink = new SyslogSink({ host: 'localhost', port: await listen(server), ca: ca.pem });
    await expect(sink.send([eventOf()], AbortSignal.timeout(50))).rejects.toThrow('it took too long');
    for (const socket of sockets) socket.destroy();
    server.close();
  });
});

describe('the webhook', () => {
  test('is signed, the same delivery when sent again, and delivered at 2xx alone', async () => {
    const got: { body: string; headers: NodeJS.Dict<string | string[]> }[] = [];
    let status = 503;
    const server = createHttps({ cert: issued.certificate, key: issued.key }, (request, answer) => {
      let body = '';
      request.on('data', (chunk) => (body += String(chunk)));
      request.on('end', () => {
        got.push({ body, headers: request.headers });
        answer.writeHead(status, { location: '/elsewhere' }).end('whatever');
      });
    });
    const url = `https://localhost:${await listen(server)}/in`;
    const sink = new WebhookSink({ url, secret: 'a secret of the two', ca: ca.pem, now: () => 5_999 });
    const events = [eventOf({ path: '/ü' }), eventOf()];
    await expect(sink.send(events, patient())).rejects.toThrow('it answered 503');
    status = 302;
    await expect(sink.send(events, patient())).rejects.toThrow('it answered 302');
    status = 204;
    await sink.send(events, patient());
    const [first, , last] = got;
    expect(
      last?.body
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual(events);
    expect(last?.headers['causeway-signature']).toBe(signatureOf('a secret of the two', '5', last?.body ?? ''));
    expect(last?.headers['causeway-delivery']).toBe(first?.headers['causeway-delivery']);
    const stranger = new WebhookSink({ url, secret: 'x', now: Date.now });
    await expect(stranger.send(events, patient())).rejects.toThrow(/certificate/);
    server.closeAllConnections();
    server.close();
  });
});
