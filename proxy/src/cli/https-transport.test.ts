import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FakeCa } from '../edge/fakes/ca.ts';
import { httpsTransport } from './https-transport.ts';

const get = { method: 'GET', path: '/api/v1/apps', headers: { accept: 'application/json' }, body: null };

describe('httpsTransport', () => {
  let ca: FakeCa;
  let server: https.Server;
  let origin: string;

  beforeAll(async () => {
    ca = await FakeCa.create();
    const { certificate, key } = await ca.issue({ names: [{ type: 'dns', value: 'admin.id.localhost' }] });
    server = https.createServer({ cert: certificate, key }, (request, response) => {
      if (request.url === '/api/v1/silent') return;
      if (request.url === '/api/v1/moved') {
        response.writeHead(307, { location: '/api/v1/apps' }).end();
        return;
      }
      if (request.url === '/api/v1/cut') {
        response.writeHead(200, { 'content-length': '10' }).write('five5', () => response.destroy());
        return;
      }
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { host, 'content-length': length } = request.headers;
        const body = Buffer.concat(chunks).toString();
        response.writeHead(207, { 'x-one': '1' }).end(JSON.stringify({ method: request.method, host, length, body }));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    origin = `https://admin.id.localhost:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  const transport = (timeoutMs = 5_000) => httpsTransport({ origin, ca: [ca.pem], timeoutMs });

  it('sends what it is given to the name, and gives what came', async () => {
    const answer = await transport()({ ...get, method: 'POST', body: '{"a":"ü"}' });
    expect(answer).toMatchObject({ status: 207, headers: { 'x-one': '1' } });
    const seen = { method: 'POST', host: origin.slice('https://'.length), length: '10', body: '{"a":"ü"}' };
    expect(JSON.parse(answer.body)).toEqual(seen);
  });

  it('does not follow, so that the token stays here', async () => {
    expect(await transport()({ ...get, path: '/api/v1/moved' })).toMatchObject({ status: 307, body: '' });
  });

  it('gives up where nothing comes', async () => {
    const late = transport(100)({ ...get, path: '/api/v1/silent' });
    await expect(late).rejects.toMatchObject({ code: 'CW_RPC_TIMEOUT', message: expect.stringContaining('0.1 s') });
  });

  it('does not take half an answer for one', async () => {
    await expect(transport()({ ...get, path: '/api/v1/cut' })).rejects.toMatchObject({ code: 'CW_RPC_CLOSED' });
  });

  it('sends nothing to whom it does not trust, and says what would help', async () => {
    const other = await FakeCa.create('CN=another CA');
    const foreign = httpsTransport({ origin, ca: [other.pem], timeoutMs: 5_000 });
    const refused = { code: 'CW_RPC_CLOSED', message: expect.stringContaining('--ca') };
    await expect(foreign(get)).rejects.toMatchObject(refused);
    const misnamed = origin.replace('admin.', 'login.');
    await expect(httpsTransport({ origin: misnamed, ca: [ca.pem], timeoutMs: 5_000 })(get)).rejects.toMatchObject(
      refused,
    );
  });

  it('says where nobody answers', async () => {
    const nobody = httpsTransport({ origin: 'https://admin.id.localhost:1', ca: [ca.pem], timeoutMs: 5_000 });
    await expect(nobody(get)).rejects.toMatchObject({
      code: 'CW_RPC_CLOSED',
      message: expect.stringContaining('admin.'),
    });
  });
});
