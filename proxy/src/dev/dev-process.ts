import type { Server as HttpServer } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';

/** What a process of the demo says to whoever started it, over the channel of the fork. */
export type DevMessage =
  | { readonly t: 'ready'; readonly snapshot: 0; readonly ports: readonly number[] }
  | { readonly t: 'fatal'; readonly code: string; readonly message: string };

/** The options of a process of the demo: one JSON argument. Exits 2 when it is another shape. */
export function startOptions<Schema extends z.ZodType>(schema: Schema): z.output<Schema> {
  try {
    return schema.parse(JSON.parse(process.argv[2] ?? ''));
  } catch (error) {
    process.stderr.write(`expected one JSON argument: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(2);
  }
}

interface DevServer {
  readonly server: HttpServer | HttpsServer;
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
}

/**
 * Listens on all, says `ready` once all do, and ends the process when its starter goes away or says SIGTERM. A port
 * in use is `fatal` and exit code 1: nothing of the demo runs half.
 */
export function runDevServer(servers: readonly DevServer[], onStop: () => void = () => undefined): void {
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    onStop();
    for (const { server } of servers) {
      server.close();
      server.closeAllConnections();
    }
    if (process.connected) process.disconnect?.();
  };
  process.once('SIGTERM', stop);
  // Ctrl-C reaches the whole terminal group; whoever started the demo decides the order of going.
  process.on('SIGINT', () => undefined);
  process.once('disconnect', stop);

  Promise.all(servers.map(listen)).then(
    (ports) => {
      const ready: DevMessage = { t: 'ready', snapshot: 0, ports };
      process.send?.(ready);
      if (process.send === undefined) process.stdout.write(`${JSON.stringify(ready)}\n`);
    },
    (error: unknown) => {
      const busy = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
      const message = error instanceof Error ? error.message : String(error);
      const fatal: DevMessage = { t: 'fatal', code: busy ? 'CW_PORT_IN_USE' : 'CW_INTERNAL', message };
      process.stderr.write(`${fatal.code}: ${message}\n`);
      process.exitCode = 1;
      if (process.send === undefined) stop();
      else process.send(fatal, stop);
    },
  );
}

function listen({ server, host, port }: DevServer): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}
