import { createServer, type Server } from 'node:http';
import { CausewayError } from '@causeway/contract';

/** What the loopback port answers; the supervisor knows all of it. */
export interface OperationsView {
  /** Every process has been ready at least once. */
  started(): boolean;
  /** Logins and requests work now. */
  ready(): { ready: boolean; components: readonly { name: string; state: string; detail: string }[] };
  metrics(): Promise<string>;
}

/** `/startupz`, `/readyz`, `/healthz` and `/metrics`, for probes and Prometheus; never reachable from outside. */
export function startOperations(host: string, port: number, view: OperationsView): Promise<Server> {
  const server = createServer({ requestTimeout: 5_000, headersTimeout: 5_000 }, (request, response) => {
    const answer = (status: number, body: string, type: string): void => {
      response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
      response.end(body);
    };
    const verdict = (good: boolean, detail: object): void =>
      answer(
        good ? 200 : 503,
        `${JSON.stringify({ status: good ? 'ok' : 'unavailable', ...detail })}\n`,
        'application/json',
      );
    switch (request.url) {
      case '/startupz':
        return verdict(view.started(), {});
      case '/healthz':
        return verdict(true, {});
      case '/readyz': {
        const { ready, components } = view.ready();
        const degraded = components.some(({ state }) => state !== 'ok');
        return verdict(ready, { ...(ready && degraded ? { status: 'degraded' } : {}), components });
      }
      case '/metrics':
        view.metrics().then(
          (text) => answer(200, text, 'text/plain; version=0.0.4; charset=utf-8'),
          () => answer(503, 'metrics did not arrive in time\n', 'text/plain'),
        );
        return;
      default:
        answer(404, 'one of /startupz /readyz /healthz /metrics\n', 'text/plain');
    }
  });
  server.maxConnections = 64;
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        new CausewayError('CW_PORT_IN_USE', `operations port ${host}:${port}: ${error.message}`, { cause: error }),
      ),
    );
    server.listen(port, host, () => resolve(server));
  });
}
