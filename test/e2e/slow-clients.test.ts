import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { within } from '../harness/await-condition.ts';
import { startDev, type DevPop } from '../harness/dev-pop.ts';
import { fetchText, NAVIGATION } from '../harness/https-client.ts';
import { expectNoLeftovers } from '../harness/leftovers.ts';

/** The beginning of a ClientHello record that promises 512 bytes. */
const HALF_HELLO = Buffer.from('16030102000100', 'hex');
const ACCESS = 'intranet.causeway.localhost';
const LOGIN = 'login.causeway-id.localhost';
const TUNNEL = 'agent.tunnel.causeway-pop.localhost';

describe('clients that are slow on purpose', () => {
  let dev: DevPop;
  const sockets: Socket[] = [];

  beforeAll(async () => {
    dev = await startDev();
  });
  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    await dev?.stop();
    await expectNoLeftovers();
  });

  function tcp(): Socket {
    const socket = connectTcp(dev.ports.pop, '127.0.0.1');
    socket.on('error', () => undefined);
    sockets.push(socket);
    return socket;
  }

  function tls(servername: string, alpn = 'http/1.1', maxVersion: 'TLSv1.3' | 'TLSv1.1' = 'TLSv1.3'): TLSSocket {
    const socket = connectTls({
      socket: tcp(),
      servername,
      ca: readFileSync(dev.ca),
      ALPNProtocols: [alpn],
      maxVersion,
      ...(maxVersion === 'TLSv1.1' ? { minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' } : {}),
    });
    socket.on('error', () => undefined);
    sockets.push(socket);
    return socket;
  }

  const closed = (socket: Socket): Promise<void> =>
    new Promise((resolve) => {
      socket.resume();
      socket.once('close', () => resolve());
    });

  const half = (host: string): string => `GET / HTTP/1.1\r\nHost: ${host}:${dev.ports.pop}\r\nX-Slow: `;

  // All at once, so that the suite takes as long as the slowest limit and no longer.
  test.concurrent.for([
    { what: 'no byte at all', seconds: 5, begin: () => tcp() },
    {
      what: 'half a ClientHello',
      seconds: 5,
      begin: () => {
        const socket = tcp();
        socket.write(HALF_HELLO);
        return socket;
      },
    },
    { what: 'half a head to an app', seconds: 17, begin: () => begun(tls(ACCESS), half(ACCESS)) },
    { what: 'half a head to the login host', seconds: 17, begin: () => begun(tls(LOGIN), half(LOGIN)) },
    { what: 'a tunnel that says nothing', seconds: 12, begin: () => tls(TUNNEL, 'causeway/1') },
    { what: 'half a head to a tunnel host', seconds: 8, begin: () => begun(tls(TUNNEL), half(TUNNEL)) },
  ])('$what ends within $seconds s', { timeout: 60_000 }, async ({ what, seconds, begin }) => {
    const started = Date.now();
    await within(what, (seconds + 5) * 1_000, closed(begin()));
    // Closed by a limit, not refused at once: this is about patience.
    expect(Date.now() - started).toBeGreaterThan(2_000);
  });

  test.concurrent('a SAML response that nobody waits for is refused before its body is there', async () => {
    const type = 'Content-Type: application/x-www-form-urlencoded';
    const head = `POST /saml/acs HTTP/1.1\r\nHost: ${LOGIN}:${dev.ports.pop}\r\n${type}\r\nContent-Length: 1000\r\n\r\n`;
    const socket = begun(tls(LOGIN), `${head}SAMLResponse=`);
    const answer = new Promise<string>((resolve) => socket.once('data', (chunk: Buffer) => resolve(chunk.toString())));
    expect(await within('the refusal', 5_000, answer)).toMatch(/^HTTP\/1\.1 403 /);
  });

  test.concurrent('others are served meanwhile', { timeout: 60_000 }, async () => {
    for (let i = 0; i < 5; i++) {
      const started = Date.now();
      const { status } = await fetchText(dev.url('intranet'), { caFile: dev.ca, headers: NAVIGATION });
      expect(status).toBe(302);
      expect(Date.now() - started).toBeLessThan(2_000);
    }
  });

  test.concurrent.for([ACCESS, LOGIN, TUNNEL])('TLS 1.1 is refused by %s', async (host) => {
    const socket = tls(host, 'http/1.1', 'TLSv1.1');
    let secure = false;
    socket.once('secureConnect', () => (secure = true));
    await within('the refusal', 5_000, closed(socket));
    expect(secure).toBe(false);
  });
});

function begun(socket: TLSSocket, text: string): TLSSocket {
  socket.once('secureConnect', () => socket.write(text));
  return socket;
}
