import type { Socket } from 'node:net';
import { CausewayError, codeOf, isErrorCode, type ErrorCode } from '@causeway/contract';

/**
 * Calls in both directions over one Unix socket.
 *
 *     0            4
 *     +------------+---------------------------+
 *     | length BE  | JSON {id, call, args}     |   a call
 *     |            | JSON {id, answer}         |   its answer
 *     |            | JSON {id, error}          |   or its failure
 *     +------------+---------------------------+
 *
 * Where the length's first bit is set, the member `bytes` of the arguments or the answer stands behind the JSON as it is:
 *
 *     0            4             8
 *     +------------+-------------+------+-------+
 *     | length BE  | JSON length | JSON | bytes |   the length counts from here ^4 on
 *     +------------+-------------+------+-------+
 */
const MAX_MESSAGE = 64 * 1024 * 1024;
const CARRIES_BYTES = 0x8000_0000;
const MAX_PENDING = 10_000;
/** Bytes that wait for a peer that does not read: two of the largest messages. Past that it is taken for dead. */
const MAX_QUEUED = 2 * MAX_MESSAGE;

export type AsCallMap<M> = {
  [K in keyof M]: M[K] extends { args: infer A; answer: infer R } ? { args: A; answer: R } : never;
};

export type Handlers<M> = {
  [K in keyof M]: M[K] extends { args: infer A; answer: infer R } ? (args: A) => R | Promise<R> : never;
};

interface Pending {
  resolve(answer: unknown): void;
  reject(error: Error): void;
  timer: NodeJS.Timeout;
}

interface Wire {
  id: number;
  call?: string;
  args?: unknown;
  answer?: unknown;
  error?: { code: string; message: string };
}

/**
 * `Out`: calls we make; `In`: calls we answer. What is no message, and a peer that stopped reading, end the channel:
 * whoever uses it connects again and reads the whole state anew.
 */
export class RpcChannel<Out, In> {
  readonly #socket: Socket;
  readonly #handlers: Partial<Handlers<In>>;
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;
  #chunks: Buffer[] = [];
  #have = 0;
  #closed = false;

  constructor(socket: Socket, handlers: Partial<Handlers<In>>, onClose: () => void) {
    this.#socket = socket;
    this.#handlers = handlers;
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#closed = true;
      for (const [id, pending] of this.#pending) {
        clearTimeout(pending.timer);
        this.#pending.delete(id);
        pending.reject(new CausewayError('CW_RPC_CLOSED'));
      }
      onClose();
    });
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Rejects with the code the other side threw, `CW_RPC_TIMEOUT`, `CW_RPC_CLOSED` or `CW_BUSY`. */
  call<K extends keyof Out & string>(
    call: K,
    args: AsCallMap<Out>[K]['args'],
    timeoutMs = 5_000,
  ): Promise<AsCallMap<Out>[K]['answer']> {
    if (this.#closed) return Promise.reject(new CausewayError('CW_RPC_CLOSED'));
    if (this.#pending.size >= MAX_PENDING)
      return Promise.reject(new CausewayError('CW_BUSY', 'too many pending calls'));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.delete(id);
        reject(new CausewayError('CW_RPC_TIMEOUT', `${call} took longer than ${timeoutMs} ms`));
      }, timeoutMs);
      this.#pending.set(id, { resolve, reject, timer });
      this.#send({ id, call, args });
    });
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #send(message: Wire): void {
    if (this.#closed) return;
    const { wire, bytes } = apart(message);
    const json = Buffer.from(JSON.stringify(wire), 'utf8');
    const length = bytes === null ? json.length : 4 + json.length + bytes.length;
    if (length > MAX_MESSAGE || this.#socket.writableLength + length > MAX_QUEUED) return this.destroy();
    const head = Buffer.allocUnsafe(bytes === null ? 4 : 8);
    head.writeUInt32BE(bytes === null ? length : (length | CARRIES_BYTES) >>> 0);
    if (bytes !== null) head.writeUInt32BE(json.length, 4);
    this.#socket.cork();
    this.#socket.write(head);
    this.#socket.write(json);
    if (bytes !== null) this.#socket.write(bytes);
    this.#socket.uncork();
  }

  #receive(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#have += chunk.length;
    while (this.#have >= 4) {
      if ((this.#chunks[0]?.length ?? 0) < 4) this.#chunks = [Buffer.concat(this.#chunks)];
      const first = this.#chunks[0]?.readUInt32BE() ?? 0;
      const length = first & ~CARRIES_BYTES;
      if (length > MAX_MESSAGE) return this.destroy();
      if (this.#have < 4 + length) return;
      const all = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks);
      const rest = all.subarray(4 + length);
      this.#chunks = rest.length > 0 ? [rest] : [];
      this.#have = rest.length;
      const message = parseFrame(all.subarray(4, 4 + length), first >= CARRIES_BYTES);
      if (message === null) return this.destroy();
      this.#dispatch(message);
    }
  }

  #dispatch(message: Wire): void {
    if (message.call !== undefined) {
      void this.#answer(message.id, message.call, message.args);
      return;
    }
    const pending = this.#pending.get(message.id);
    if (pending === undefined) return; // it timed out
    this.#pending.delete(message.id);
    clearTimeout(pending.timer);
    if (message.error === undefined) pending.resolve(message.answer);
    else {
      const code: ErrorCode = isErrorCode(message.error.code) ? message.error.code : 'CW_INTERNAL';
      pending.reject(new CausewayError(code, message.error.message));
    }
  }

  async #answer(id: number, call: string, args: unknown): Promise<void> {
    try {
      const handlers = this.#handlers as Record<string, ((args: unknown) => unknown) | undefined>;
      const handler = Object.hasOwn(handlers, call) ? handlers[call] : undefined;
      if (handler === undefined) throw new CausewayError('CW_MESSAGE_INVALID', `nobody answers ${call}`);
      this.#send({ id, answer: (await handler(args)) ?? null });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#send({ id, error: { code: codeOf(error), message } });
    }
  }
}

/** The message without the bytes that travel behind it. */
function apart(message: Wire): { wire: Wire; bytes: Uint8Array | null } {
  for (const member of ['args', 'answer'] as const) {
    const value = message[member];
    if (typeof value !== 'object' || value === null || !('bytes' in value)) continue;
    const { bytes, ...rest } = value;
    if (bytes instanceof Uint8Array) return { wire: { ...message, [member]: rest }, bytes };
  }
  return { wire: message, bytes: null };
}

/** @returns `null` for what is no message */
function parseFrame(body: Buffer, carriesBytes: boolean): Wire | null {
  if (!carriesBytes) return parseMessage(body.toString('utf8'));
  const jsonLength = body.length < 4 ? body.length : body.readUInt32BE();
  if (4 + jsonLength > body.length) return null;
  const message = parseMessage(body.toString('utf8', 4, 4 + jsonLength));
  // A copy: the frame may hold others, and lives as long as what is kept of it.
  const bytes = Uint8Array.from(body.subarray(4 + jsonLength));
  for (const member of ['args', 'answer'] as const) {
    const value = message?.[member];
    if (typeof value !== 'object' || value === null) continue;
    return { ...(message as Wire), [member]: { ...value, bytes } };
  }
  return null;
}

/** The processes are one version, so only the frame is looked at: `null` for what is none. */
function parseMessage(text: string): Wire | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const { id, call, error } = value as Partial<Wire>;
  const named = call === undefined || typeof call === 'string';
  const failed = error === undefined || (typeof error === 'object' && error !== null);
  return Number.isSafeInteger(id) && named && failed ? (value as Wire) : null;
}
