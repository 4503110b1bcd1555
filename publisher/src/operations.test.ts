import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Registry } from 'prom-client';
import { afterEach, describe, expect, it } from 'vitest';
import { PublisherMetrics } from './metrics.ts';
import { serveOperations } from './operations.ts';
import type { PublisherStatus } from './publisher.ts';

let server: Server | null = null;

const statusWith = (up: boolean): PublisherStatus => ({
  id: 'id',
  name: 'corp',
  pop: 'pop.example:443',
  state: 'serving',
  pid: 1,
  certificateUntil: '',
  allow: [],
  links: [{ worker: 0, serverName: 'w0', up, since: null, streams: 0, rttMs: null, apps: [], code: null }],
});

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

describe('serveOperations', () => {
  it('is ready only with a tunnel, and counts', async () => {
    const registry = new Registry();
    new PublisherMetrics(registry).opened.inc({ result: 'ok' });
    let up = false;
    server = await serveOperations('127.0.0.1:0', { status: () => statusWith(up), registry });
    const { port } = server.address() as AddressInfo;
    const get = async (path: string): Promise<{ status: number; body: string }> => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`);
      return { status: response.status, body: await response.text() };
    };
    expect((await get('/healthz')).status).toBe(200);
    expect((await get('/readyz')).status).toBe(503);
    up = true;
    expect((await get('/readyz')).status).toBe(200);
    expect((await get('/metrics')).body).toContain('causeway_publisher_opens_total{result="ok"} 1');
    expect((await get('/other')).status).toBe(404);
    await expect(
      serveOperations(`127.0.0.1:${port}`, { status: () => statusWith(up), registry }),
    ).rejects.toMatchObject({
      code: 'CW_PORT_IN_USE',
    });
  });

  it.each(['0.0.0.0:9100', '10.0.0.1:9100', 'example.org:9100'])('refuses %s', async (address) => {
    await expect(
      serveOperations(address, { status: () => statusWith(true), registry: new Registry() }),
    ).rejects.toMatchObject({ code: 'CW_CONFIG_INVALID' });
  });
});
