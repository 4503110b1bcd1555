import { WebSocket } from 'ws';
import { fork, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { hash } from 'node:crypto';
import net from 'node:net';
import tls from 'node:tls';
import https from 'node:https';
import type { IncomingMessage } from 'node:http';
import { fileURLToPath } from 'node:url';
import type { ChildMessage, EdgeStart } from '../../rpc/supervision.ts';
import type { SessionGrant } from '../../rpc/messages.ts';
import type { FakeControl } from './control.ts';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
const CLOCK = new URL('movable-clock.ts', import.meta.url).href;

/** An edge worker as the supervisor starts it, for tests, and a browser's side of its port. */
export class EdgeProcess {
  readonly port: number;
  readonly messages: ChildMessage[] = [];
  readonly handovers: { message: Extract<ChildMessage, { t: 'handover' }>; socket: net.Socket }[] = [];
  readonly exited: Promise<number | null>;
  readonly #child: ChildProcess;
  readonly #ca: string;
  #onMessage: (() => void) | null = null;

  private constructor(start: EdgeStart, ca: string) {
    this.port = start.port;
    this.#ca = ca;
    this.#child = fork(MAIN, [JSON.stringify(start)], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      execArgv: ['--import', CLOCK],
      serialization: 'json',
      env: { ...process.env, CAUSEWAY_LOG: 'info' },
    });
    for (const output of [this.#child.stdout, this.#child.stderr]) {
      output?.on('data', (chunk: Buffer) => {
        this.log += chunk.toString();
      });
    }
    this.#child.on('message', (message, socket) => {
      this.messages.push(message as ChildMessage);
      if ((message as ChildMessage).t === 'handover') {
        this.handovers.push({
          message: message as Extract<ChildMessage, { t: 'handover' }>,
          socket: socket as net.Socket,
        });
      }
      this.#onMessage?.();
    });
    this.exited = new Promise((resolve) => this.#child.once('exit', (code) => resolve(code)));
  }

  log = '';

  static async start(control: FakeControl, options: Partial<EdgeStart> = {}): Promise<EdgeProcess> {
    const port = options.port ?? (await freePort());
    const start = { worker: 0, workers: 1, dataDir: control.dataDir, host: '127.0.0.1', ...options, port };
    return new EdgeProcess(start, control.secrets.ca);
  }

  send(message: object, socket?: net.Socket): void {
    this.#child.send(message, socket);
  }

  /** The first message of the kind, come or to come; `null` when the process ended without it. */
  async wait<T extends ChildMessage['t']>(kind: T): Promise<Extract<ChildMessage, { t: T }> | null> {
    for (;;) {
      const found = this.messages.find((message) => message.t === kind);
      if (found !== undefined) return found as Extract<ChildMessage, { t: T }>;
      if (this.#child.exitCode !== null) return null;
      await Promise.race([
        new Promise<void>((resolve) => {
          this.#onMessage = resolve;
        }),
        this.exited,
      ]);
    }
  }

  /** Puts the worker's wall clock ahead. @param ms of the real time */
  moveClock(ms: number): void {
    this.#child.send({ clockMs: ms });
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.connected) this.send({ t: 'stop', deadlineMs: 200 });
    await this.exited;
  }

  disconnect(): void {
    this.#child.disconnect();
  }

  request(
    host: string,
    path: string,
    options: { method?: string; headers?: Record<string, string>; agent?: https.Agent } = {},
  ): import('node:http').ClientRequest {
    return https.request({
      host: '127.0.0.1',
      port: this.port,
      servername: host,
      ca: this.#ca,
      path,
      method: options.method ?? 'GET',
      agent: options.agent ?? false,
      headers: { host, ...options.headers },
    });
  }

  async fetch(
    host: string,
    path: string,
    options: { method?: string; headers?: Record<string, string>; body?: Buffer; agent?: https.Agent } = {},
  ): Promise<{ status: number; headers: IncomingMessage['headers']; body: Buffer }> {
    const request = this.request(host, path, options);
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      request.once('response', resolve);
      request.once('error', reject);
    });
    request.end(options.body);
    const answer = await answered;
    const chunks: Buffer[] = [];
    for await (const chunk of answer) chunks.push(chunk as Buffer);
    return { status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks) };
  }

  /** @param options.from the Origin header, `null` for none */
  webSocket(host: string, path: string, options: { cookie: string; from: string | null }): WebSocket {
    return new WebSocket(`wss://${host}:${this.port}${path}`, {
      createConnection: () =>
        tls.connect({
          host: '127.0.0.1',
          port: this.port,
          servername: host,
          ca: this.#ca,
          ALPNProtocols: ['http/1.1'],
        }),
      headers: { host, cookie: options.cookie },
      ...(options.from === null ? {} : { origin: options.from }),
    });
  }

  /** A decrypted connection, for bytes that no client library would send. */
  async connect(serverName: string, alpn: string[] = ['http/1.1'], session?: Buffer): Promise<tls.TLSSocket> {
    const socket = tls.connect({
      host: '127.0.0.1',
      port: this.port,
      servername: serverName,
      ca: this.#ca,
      ALPNProtocols: alpn,
      ...(session === undefined ? {} : { session }),
    });
    await new Promise<void>((resolve, reject) => {
      socket.once('secureConnect', resolve);
      socket.once('error', reject);
    });
    return socket;
  }

  /** Sends bytes, returns everything that comes until the other side ends. */
  async raw(serverName: string, text: string): Promise<string> {
    const socket = await this.connect(serverName);
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('error', () => socket.destroy());
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.write(Buffer.from(text, 'latin1'));
    await closed;
    return Buffer.concat(chunks).toString('latin1');
  }
}

/** A person who is signed in at a host: the grant for control, the header for the browser. */
export function signedIn(
  user: string,
  host: string,
  options: { groups?: string[]; session?: string } = {},
): { grant: SessionGrant; cookie: string } {
  const token = randomBytes(32).toString('base64url');
  const grant: SessionGrant = {
    tokenHash: hash('sha256', token, 'base64url'),
    host,
    principal: {
      user,
      displayName: user,
      groups: options.groups ?? [],
      method: 'browser',
      authenticatedAt: Date.now(),
      session: options.session ?? `s_${user}`,
    },
    expiresAt: Date.now() + 3_600_000,
  };
  return { grant, cookie: `__Host-cw=${token}` };
}

async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return address !== null && typeof address === 'object' ? address.port : 0;
}
