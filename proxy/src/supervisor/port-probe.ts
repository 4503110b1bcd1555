import { createServer } from 'node:net';
import { CausewayError } from '@causeway/contract';

/**
 * Binds the port once without `reusePort`: with it a second PoP would be let in silently and take half of the
 * connections. Throws `CW_PORT_IN_USE`.
 */
export function probePort(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => {
      const inUse = error.code === 'EADDRINUSE';
      const message = inUse
        ? `port ${port} on ${host} is in use by another program; stop it or choose another with --port`
        : `cannot listen on ${host}:${port}: ${error.message}`;
      reject(new CausewayError('CW_PORT_IN_USE', message, { cause: error }));
    });
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve()));
  });
}
