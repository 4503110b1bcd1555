import net from 'node:net';
import tls from 'node:tls';
import { assert, integer, nat, property, uint8Array } from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { ClientHelloReader, type HelloResult } from './client-hello.ts';

const readClientHello = (bytes: Buffer): HelloResult | null => new ClientHelloReader().push(bytes);

/** What a TLS client sends first: from Node's own. */
async function helloOf(options: tls.ConnectionOptions): Promise<Buffer> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as net.AddressInfo;
  const first = new Promise<Buffer>((resolve) => {
    server.once('connection', (socket) => {
      socket.on('error', () => socket.destroy());
      socket.once('data', (chunk: Buffer) => {
        resolve(chunk);
        socket.destroy();
      });
    });
  });
  const client = tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options });
  client.on('error', () => client.destroy());
  const bytes = await first;
  await new Promise((resolve) => server.close(resolve));
  return bytes;
}

/** The same handshake message in records of `size` bytes. */
function refragment(hello: Buffer, size: number): Buffer {
  const message = hello.subarray(5);
  const records: Buffer[] = [];
  for (let at = 0; at < message.length; at += size) {
    const part = message.subarray(at, at + size);
    records.push(Buffer.from([22, 3, 1, part.length >> 8, part.length & 255]), part);
  }
  return Buffer.concat(records);
}

describe('a ClientHello', () => {
  let hello: Buffer;
  const expected = { t: 'hello', serverName: 'intranet.causeway.localhost', alpn: ['causeway/1', 'http/1.1'] };

  beforeAll(async () => {
    hello = await helloOf({ servername: 'Intranet.causeway.localhost', ALPNProtocols: ['causeway/1', 'http/1.1'] });
  });

  test('gives server name and ALPN', () => {
    expect(readClientHello(hello)).toEqual(expected);
  });

  test('may be split at every byte', () => {
    for (let at = 1; at < hello.length; at++) {
      const reader = new ClientHelloReader();
      expect(reader.push(hello.subarray(0, at))).toBeNull();
      expect(reader.push(hello.subarray(at))).toEqual(expected);
      expect(reader.bytes.equals(hello)).toBe(true);
    }
  });

  test('may come byte by byte, and in records of any size', () => {
    for (const size of [1, 2, 3, 5, 100]) {
      const records = refragment(hello, size);
      if (records.length > 16_384) continue;
      const reader = new ClientHelloReader();
      for (let at = 0; at < records.length - 1; at++) expect(reader.push(records.subarray(at, at + 1))).toBeNull();
      expect(reader.push(records.subarray(records.length - 1))).toEqual(expected);
    }
  });

  test('may name nobody', async () => {
    expect(readClientHello(await helloOf({}))).toMatchObject({ t: 'hello', serverName: null, alpn: [] });
  });

  test('is refused above 16 KiB before its bytes are waited for', () => {
    expect(readClientHello(Buffer.from([22, 3, 1, 0x40, 0]))).toEqual({ t: 'refused', reason: 'too-large' });
    const lying = Buffer.from([22, 3, 1, 0, 4, 1, 0xff, 0xff, 0xff]);
    expect(readClientHello(lying)).toEqual({ t: 'refused', reason: 'too-large' });
  });

  test.each([
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\n'), 'not-tls'],
    ['SSL 2', Buffer.from([0x80, 0x2e, 1, 3, 1]), 'not-tls'],
    ['an empty record', Buffer.from([22, 3, 1, 0, 0]), 'malformed'],
    ['another handshake message', Buffer.from([22, 3, 1, 0, 4, 2, 0, 0, 0]), 'malformed'],
    ['an empty hello', Buffer.from([22, 3, 1, 0, 4, 1, 0, 0, 0]), 'malformed'],
  ])('that is %s is refused', (_name, bytes, reason) => {
    expect(readClientHello(bytes)).toEqual({ t: 'refused', reason });
  });

  test('damaged anywhere never throws', () => {
    assert(
      property(nat(hello.length - 1), integer({ min: 0, max: 255 }), (at, value) => {
        const damaged = Buffer.from(hello);
        damaged[at] = value;
        readClientHello(damaged);
      }),
      { numRuns: 2_000 },
    );
    assert(property(uint8Array({ maxLength: 300 }), (bytes) => void readClientHello(Buffer.from(bytes))));
    assert(
      property(uint8Array({ maxLength: 300 }), (bytes) => {
        const body = Buffer.from(bytes);
        const message = Buffer.concat([Buffer.from([1, 0, body.length >> 8, body.length & 255]), body]);
        const record = Buffer.concat([Buffer.from([22, 3, 1, message.length >> 8, message.length & 255]), message]);
        expect(readClientHello(record)).not.toBeNull();
      }),
    );
  });
});
