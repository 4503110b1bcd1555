import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { INTRANET, SECRET, startDeployment, type Deployment } from './fakes/deployment.ts';

let deployment: Deployment;
let edge: Deployment['edge'];
let origin: Deployment['origin'];
let person: Deployment['person'];

beforeAll(async () => {
  deployment = await startDeployment();
  ({ edge, origin, person } = deployment);
});

afterAll(() => deployment.stop());

describe('raw bytes', () => {
  const head = `Host: ${INTRANET}\r\n`;
  const CASES: [string, string, number][] = [
    [
      'length and coding',
      `POST / HTTP/1.1\r\n${head}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
    ],
    ['two lengths', `POST / HTTP/1.1\r\n${head}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd`, 400],
    ['a length +1', `POST / HTTP/1.1\r\n${head}Content-Length: +1\r\n\r\na`, 400],
    ['coding xchunked', `POST / HTTP/1.1\r\n${head}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`, 400],
    ['coding gzip, chunked', `POST / HTTP/1.1\r\n${head}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`, 501],
    ['coding in HTTP/1.0', `POST / HTTP/1.0\r\n${head}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
    ['space before the colon', `GET / HTTP/1.1\r\n${head}X-A : b\r\n\r\n`, 400],
    ['obs-fold', `GET / HTTP/1.1\r\n${head}X-A: b\r\n c\r\n\r\n`, 400],
    ['NUL in a value', `GET / HTTP/1.1\r\n${head}X-A: b\0c\r\n\r\n`, 400],
    ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400],
    ['two Hosts', `GET / HTTP/1.1\r\n${head}${head}\r\n`, 400],
    ['a foreign Host', 'GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n', 421],
    ['another app’s Host', `GET / HTTP/1.1\r\nHost: ${SECRET}\r\n\r\n`, 421],
    ['absolute form of another host', `GET https://${SECRET}/ HTTP/1.1\r\n${head}\r\n`, 400],
    ['TRACE', `TRACE / HTTP/1.1\r\n${head}\r\n`, 405],
    ['CONNECT', `CONNECT ${INTRANET}:443 HTTP/1.1\r\n${head}\r\n`, 405],
    ['dot segments', `GET /a/../admin HTTP/1.1\r\n${head}\r\n`, 400],
    ['escaped dot segments', `GET /%2e%2e/admin HTTP/1.1\r\n${head}\r\n`, 400],
    ['a dot segment with a parameter', `GET /a/..;/admin HTTP/1.1\r\n${head}\r\n`, 400],
    ['an escaped NUL', `GET /a%00 HTTP/1.1\r\n${head}\r\n`, 400],
    ['a backslash', `GET /a\\b HTTP/1.1\r\n${head}\r\n`, 400],
    ['a fragment', `GET /a#b HTTP/1.1\r\n${head}\r\n`, 400],
    ['3,000 headers', `GET / HTTP/1.1\r\n${head}${'a: b\r\n'.repeat(3_000)}\r\n`, 431],
    ['a head of 64 KiB', `GET / HTTP/1.1\r\n${head}x: ${'y'.repeat(66_000)}\r\n\r\n`, 431],
    ['a name of 8 KiB', `GET / HTTP/1.1\r\n${head}${'x'.repeat(8_192)}: y\r\n\r\n`, 431],
    ['cookies tossed', `GET / HTTP/1.1\r\n${head}Cookie: __Host-cw=a; __Host-cw=b\r\n\r\n`, 400],
  ];

  test.each(CASES)('%s', async (_name, text, status) => {
    const before = origin.requests.length;
    const answer = await edge.raw(INTRANET, text);
    expect(answer.split('\r\n')[0]).toContain(`HTTP/1.1 ${status} `);
    expect(answer).not.toContain('evil.example');
    expect(origin.requests).toHaveLength(before);
  });

  test('a chunked DELETE does not smuggle its body as another request', async () => {
    const cookie = await person('alice', INTRANET);
    const before = origin.requests.length;
    const inner = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n';
    const text =
      `DELETE /item HTTP/1.1\r\n${head}Cookie: ${cookie}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n` +
      `${inner.length.toString(16)}\r\n${inner}\r\n0\r\n\r\n`;
    expect(await edge.raw(INTRANET, text)).toContain('deleted');
    expect(origin.requests.slice(before).map((request) => request.url)).toEqual(['/item']);
  });

  test('an h2c upgrade is an ordinary request', async () => {
    const cookie = await person('alice', INTRANET);
    const answer = await edge.raw(
      INTRANET,
      `GET /h2c HTTP/1.1\r\n${head}Cookie: ${cookie}\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n`,
    );
    expect(answer).toContain('HTTP/1.1 200 ');
    expect(origin.requests.at(-1)?.headers).not.toHaveProperty('upgrade');
    expect(origin.requests.at(-1)?.headers).not.toHaveProperty('http2-settings');
  });

  test('100 Continue is said to those alone whom the passes let through', async () => {
    const upload = `POST /upload HTTP/1.1\r\n${head}Content-Length: 1\r\nExpect: 100-continue\r\nConnection: close\r\n`;
    const stranger = await edge.raw(INTRANET, `${upload}\r\na`);
    expect(stranger).toMatch(/^HTTP\/1\.1 401 /);
    const cookie = await person('alice', INTRANET);
    const alice = await edge.raw(INTRANET, `${upload}Cookie: ${cookie}\r\n\r\na`);
    expect(alice).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /);
  });

  test('trailers are dropped', async () => {
    const cookie = await person('alice', INTRANET);
    await edge.raw(
      INTRANET,
      `POST /upload HTTP/1.1\r\n${head}Cookie: ${cookie}\r\nTransfer-Encoding: chunked\r\nTrailer: authorization\r\nConnection: close\r\n\r\n` +
        '1\r\na\r\n0\r\nAuthorization: root\r\n\r\n',
    );
    expect(origin.requests.at(-1)?.headers).not.toHaveProperty('authorization');
    expect(origin.requests.at(-1)?.headers).not.toHaveProperty('trailer');
  });

  test('what is not TLS gets a hint', async () => {
    const { default: net } = await import('node:net');
    const socket = net.connect(edge.port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    expect(text).toContain('This port speaks TLS');
  });
});
