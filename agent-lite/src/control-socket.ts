import { chmod, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { CausewayError, LIMITS } from '@causeway/contract';
import { z } from 'zod';
import type { AgentStatus } from './agent.ts';
import type { Steered } from './steering.ts';

/**
 * How `causeway-agent status`, `explain` and `down` speak to the one that is up: a Unix socket in the data folder,
 * for its own user alone. One line of JSON asks, one line answers; `down` keeps the connection until the end.
 */
export const controlRequest = z.discriminatedUnion('t', [
  z.strictObject({ t: z.literal('status') }),
  z.strictObject({ t: z.literal('down') }),
  z.strictObject({ t: z.literal('explain'), host: z.string().max(255), port: z.number().int().min(1).max(65_535) }),
]);
export type ControlRequest = z.infer<typeof controlRequest>;

export interface AgentReport extends AgentStatus {
  readonly proxy: string;
  readonly pac: string;
  readonly connections: number;
}

export interface ControlAnswers {
  status: AgentReport;
  down: { readonly state: 'draining' };
  explain: Steered & { readonly state: AgentStatus['state'] };
}

export interface ControlHandlers {
  readonly status: () => ControlAnswers['status'];
  readonly explain: (host: string, port: number) => ControlAnswers['explain'];
  readonly down: () => void;
}

export const controlSocketPath = (dataDir: string): string => join(dataDir, 'agent.sock');

/** `sun_path` of unix(7) holds 108 bytes with its final zero. */
const MAX_PATH_BYTES = 107;
const MAX_LINE_BYTES = 4_096;
const ANSWER_MS = 3_000;

/** Throws `CW_DATA_LOCKED` when an agent already answers there, `CW_DATA_UNUSABLE` when it cannot listen. */
export async function serveControl(dataDir: string, handlers: ControlHandlers): Promise<Server> {
  const path = controlSocketPath(dataDir);
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) {
    throw new CausewayError('CW_DATA_UNUSABLE', `${path}: too long for a Unix socket, choose a shorter --data`);
  }
  if ((await askAgent(dataDir, { t: 'status' })) !== null) {
    throw new CausewayError('CW_DATA_LOCKED', `another agent runs with ${dataDir}`);
  }
  await rm(path, { force: true }); // of one that was killed
  const server = createServer((socket) => serveOne(socket, handlers));
  server.maxConnections = 16;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(new CausewayError('CW_DATA_UNUSABLE', error.message, { cause: error })));
    server.listen(path, resolve);
  });
  await chmod(path, 0o600);
  return server;
}

function serveOne(socket: Socket, handlers: ControlHandlers): void {
  socket.on('error', () => socket.destroy());
  readLine(socket, ANSWER_MS)
    .then(
      (line) => {
        const request = controlRequest.parse(JSON.parse(line));
        const reply = (answer: unknown): string => `${JSON.stringify(answer)}\n`;
        switch (request.t) {
          case 'status':
            return void socket.end(reply(handlers.status()));
          case 'explain':
            return void socket.end(reply(handlers.explain(request.host, request.port)));
          case 'down':
            socket.unref();
            socket.write(reply({ state: 'draining' }));
            return handlers.down();
        }
      },
      () => socket.destroy(),
    )
    .catch(() => socket.destroy());
}

/** The running agent's answer, or `null` when none runs. With `down` it resolves when the agent has ended. */
export async function askAgent<T extends ControlRequest['t']>(
  dataDir: string,
  request: Extract<ControlRequest, { t: T }>,
): Promise<ControlAnswers[T] | null> {
  const socket = connect(controlSocketPath(dataDir));
  try {
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    socket.write(`${JSON.stringify(request)}\n`);
    const answer = JSON.parse(await readLine(socket, ANSWER_MS)) as ControlAnswers[T];
    if (request.t === 'down') await closed(socket, LIMITS.drainMs + ANSWER_MS);
    return answer;
  } catch {
    return null;
  } finally {
    socket.destroy();
  }
}

function readLine(socket: Socket, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const settle = (error: Error | null): void => {
      clearTimeout(timer);
      socket.off('data', onData).off('close', onClose);
      if (error === null) resolve(text.slice(0, text.indexOf('\n')));
      else reject(error);
    };
    const onData = (bytes: Buffer): void => {
      text += bytes.toString('utf8');
      if (text.includes('\n')) settle(null);
      else if (text.length > 16 * MAX_LINE_BYTES) settle(new Error('the line is too long'));
    };
    const onClose = (): void => settle(new Error('closed before a line came'));
    const timer = setTimeout(() => settle(new Error('no line in time')), timeoutMs);
    socket.on('data', onData).on('close', onClose);
  });
}

function closed(socket: Socket, timeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, timeoutMs);
    socket.resume();
    socket.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
