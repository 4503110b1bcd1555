import { awaitGone } from './leftovers.ts';
import { jsonLine, nodeProgram, type Program } from './program.ts';

export interface OwnApp {
  readonly program: Program;
  readonly port: number;
  readonly url: string;
  stop(): Promise<void>;
}

/** The private app of the tests as a process of its own, on loopback. */
export async function startOwnApp(options: { port?: number; title?: string } = {}): Promise<OwnApp> {
  const program = nodeProgram('private app', 'test/harness/private-app.ts', [
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
    url: `http://127.0.0.1:${listening}`,
    async stop() {
      await program.stop();
      await awaitGone([program.pid]);
    },
  };
}
