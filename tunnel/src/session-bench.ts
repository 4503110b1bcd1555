import type { CausewayError } from '@causeway/contract';
import { tunnelCounters } from './counters.ts';
import { headerText } from './frame.ts';
import { type MuxLimits, WindowBudget } from './mux-limits.ts';
import { MuxSession } from './mux-session.ts';
import type { MuxSessionOptions } from './mux-session-options.ts';
import type { MuxStream } from './mux-stream.ts';

/** One session, its output as hex and its time under the test's hand. */
export class Bench {
  readonly out: Uint8Array[] = [];
  readonly opened: MuxStream[] = [];
  readonly budget = new WindowBudget(8 * 1024 * 1024);
  closed: CausewayError | null | undefined = undefined;
  goneAway = 0;
  time = 0;
  takes = true;
  /** Looks at each piece of output itself, not at the copy that `out` keeps. */
  seen: (chunk: Uint8Array) => void = () => {};
  readonly session: MuxSession;
  #turn: (() => void)[] = [];

  constructor(
    role: 'client' | 'server' = 'server',
    limits: Partial<MuxLimits> = {},
    more: Partial<MuxSessionOptions> = {},
  ) {
    this.session = new MuxSession({
      role,
      limits,
      budget: this.budget,
      now: () => this.time,
      output: (chunks) => {
        chunks.forEach((chunk) => this.seen(chunk));
        this.out.push(...chunks.map((chunk) => chunk.slice()));
        return this.takes;
      },
      onStream: (stream) => this.opened.push(stream),
      onClosed: (error) => {
        this.closed = error;
      },
      onGoAway: () => {
        this.goneAway += 1;
      },
      schedule: (run) => this.#turn.push(run),
      ...more,
    });
  }

  turn(): void {
    for (let run = this.#turn.shift(); run !== undefined; run = this.#turn.shift()) run();
  }

  feed(hexOrBytes: string | Uint8Array): void {
    this.session.receive(typeof hexOrBytes === 'string' ? hex(hexOrBytes) : hexOrBytes);
    this.turn();
  }

  /** What was sent since the last call, as hex. */
  sent(): string {
    return Buffer.concat(this.out.splice(0)).toString('hex');
  }

  frames(): string[] {
    const bytes = Buffer.concat(this.out.splice(0));
    const texts: string[] = [];
    for (let at = 0; at < bytes.length; at += 12 + (bytes[at + 1] === 0 ? bytes.readUInt32BE(at + 8) : 0)) {
      texts.push(headerText(bytes, at));
    }
    return texts;
  }

  /** Closes the session; throws when anything is left open or held. */
  end(): void {
    this.session.close();
    const left = { held: this.budget.heldBytes, raised: this.budget.raisedBytes, ...tunnelCounters };
    if (Object.values(left).some((count) => count !== 0)) throw new Error(`left over: ${JSON.stringify(left)}`);
  }

  get code(): string | undefined {
    return this.closed?.code;
  }
}

export const hex = (text: string): Uint8Array => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');

export function head(type: number, flags: number, id: number, length: number): Buffer {
  const out = Buffer.alloc(12);
  out[1] = type;
  out.writeUInt16BE(flags, 2);
  out.writeUInt32BE(id, 4);
  out.writeUInt32BE(length, 8);
  return out;
}

export const data = (flags: number, id: number, length: number): Buffer =>
  Buffer.concat([head(0, flags, id, length), Buffer.alloc(length, 7)]);

export const SYN = 1;
export const ACK = 2;
export const FIN = 4;
export const RST = 8;

export const PING = 2;
export const GOAWAY = 3;
export const WINDOW = 1;
