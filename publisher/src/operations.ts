import { createServer, type Server } from 'node:http';
import { CausewayError, isLocalhostName } from '@causeway/contract';
import type { Registry } from 'prom-client';
import { parseHostPort } from '@causeway/tunnel';
import type { PublisherStatus } from './publisher.ts';
import { specialKind } from './special-address.ts';

/**
 * `/healthz`: the process answers. `/readyz`: at least one tunnel is up. `/metrics`: Prometheus text. On loopback
 * only, since nothing here asks who is there. Throws `CW_CONFIG_INVALID`, `CW_PORT_IN_USE`.
 */
export async function serveOperations(
  address: string,
  source: { readonly status: () => PublisherStatus; readonly registry: Registry },
): Promise<Server> {
  const { host, port } = parseHostPort(address);
  if (!isLocalhostName(host) && specialKind(host) !== 'loopback') {
    throw new CausewayError('CW_CONFIG_INVALID', `operations: ${address} is not a loopback address`);
  }
  const server = createServer((request, response) => {
    const answer = (status: number, body: string, type: string): void => {
      response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body);
    };
    if (request.url === '/healthz') answer(200, '{"ok":true}\n', 'application/json');
    else if (request.url === '/readyz') {
      const { state, links } = source.status();
      const ready = state === 'serving' && links.some(({ up }) => up);
      answer(ready ? 200 : 503, `${JSON.stringify({ ready, state, links })}\n`, 'application/json');
    } else if (request.url === '/metrics') {
      source.registry
        .metrics()
        .then((body) => answer(200, body, source.registry.contentType))
        .catch(() => answer(500, '{"code":"CW_INTERNAL"}\n', 'application/json'));
    } else answer(404, '{"ok":false}\n', 'application/json');
  });
  server.requestTimeout = 5_000;
  server.maxConnections = 64;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const code = error.code === 'EADDRINUSE' ? 'CW_PORT_IN_USE' : 'CW_CONFIG_INVALID';
      reject(new CausewayError(code, `operations: ${address}: ${error.message}`, { cause: error }));
    });
    server.listen(port, isLocalhostName(host) ? '127.0.0.1' : host, resolve);
  });
  return server;
}
