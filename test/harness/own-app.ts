import { awaitGone } from './leftovers.ts';
import { prefixed } from './pop.ts';
import { jsonLine, type Program } from './program.ts';

export interface OwnApp {
  readonly program: Program;
  readonly port: number;
  readonly url: string;
  stop(): Promise<void>;
}

export interface OwnAppOptions {
  readonly host?: string;
  readonly port?: number;
  readonly title?: string;
  readonly prefix?: readonly string[];
}

/** The private app of the tests as a process of its own, on loopback. */
export async function startOwnApp(options: OwnAppOptions = {}): Promise<OwnApp> {
  const { host = '127.0.0.1', prefix = [] } = options;
  const program = prefixed('private app', prefix, 'test/harness/private-app.ts', [
    '--host',
    host,
    '--port',
    String(options.port ?? 0),
    ...(options.title === undefined ? [] : ['--title', options.title]),
  ]);
  const { listening } = await program.line(
    'to listen',
    (line) => jsonLine(line, 'listening') as { listening: number } | undefined,
    20_000,
  );
  return {
    program,
    port: listening,
    url: `http://${host}:${listening}`,
    async stop() {
      await program.stop();
      await awaitGone([program.pid]);
    },
  };
}
