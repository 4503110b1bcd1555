import {
  CausewayError,
  checkOpenHeader,
  encodeOpenAnswer,
  type ErrorCode,
  OpenFrameReader,
  type OpenHeader,
} from '@causeway/contract';
import type { MuxStream } from './mux-stream.ts';

/** A stream that the other side began. Answer exactly once; the opener waits for a bounded time. */
export interface OpenRequest {
  readonly header: OpenHeader;
  /** Aborted when the stream ends before the answer: the opener gave up, or the tunnel is gone. */
  readonly signal: AbortSignal;
  /** Answers ok. Set the stream's handlers in the same turn; data waits for `onData`. */
  accept(): MuxStream;
  /** Answers with the code (and what a person may be told) and ends the stream. */
  refuse(code: ErrorCode, notice?: string): void;
}

/**
 * Reads the header that begins a stream of the other side, at most `timeoutMs`, and hands it on. A header that is
 * malformed is answered with `CW_OPEN_INVALID`. `onSettled` is called once, when no header is waited for any more.
 */
export function readOpenRequest(
  stream: MuxStream,
  timeoutMs: number,
  onRequest: (request: OpenRequest) => void,
  onSettled: () => void,
): void {
  const reader = new OpenFrameReader();
  let settled = false;
  const settle = (): void => {
    if (settled) return;
    settled = true;
    clearTimeout(timer);
    onSettled();
  };
  const timer = setTimeout(() => stream.reset(new CausewayError('CW_OPEN_TIMEOUT')), timeoutMs);
  stream.setPreface({
    read(bytes) {
      let header: OpenHeader;
      let rest: Uint8Array;
      try {
        const frame = reader.push(bytes);
        if (frame === null) return null;
        header = checkOpenHeader(frame.value);
        rest = frame.rest;
      } catch {
        settle();
        refuse(stream, 'CW_OPEN_INVALID', undefined, timeoutMs);
        return new Uint8Array(0);
      }
      settle();
      onRequest(new PendingOpen(stream, header, timeoutMs));
      return rest;
    },
    ended() {
      settle();
      stream.reset();
    },
  });
}

class PendingOpen implements OpenRequest {
  readonly header: OpenHeader;
  readonly #stream: MuxStream;
  readonly #lingerMs: number;
  #abort: AbortController | null = null;
  #answered = false;

  constructor(stream: MuxStream, header: OpenHeader, lingerMs: number) {
    this.#stream = stream;
    this.header = header;
    this.#lingerMs = lingerMs;
    stream.onClose = () => this.#abort?.abort();
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#stream.closed) this.#abort.abort();
    return this.#abort.signal;
  }

  accept(): MuxStream {
    this.#answer();
    this.#stream.write(encodeOpenAnswer({ ok: true }));
    return this.#stream;
  }

  refuse(code: ErrorCode, notice?: string): void {
    this.#answer();
    refuse(this.#stream, code, notice, this.#lingerMs);
  }

  #answer(): void {
    if (this.#answered) throw new CausewayError('CW_INTERNAL', 'an open request was answered twice');
    this.#answered = true;
    this.#stream.onClose = null;
  }
}

/** Answers, ends our side, and drops what the opener had sent already until it resets the stream. */
function refuse(stream: MuxStream, code: ErrorCode, notice: string | undefined, lingerMs: number): void {
  const timer = setTimeout(() => stream.reset(), lingerMs);
  stream.onClose = () => clearTimeout(timer);
  stream.onData = () => {};
  stream.write(encodeOpenAnswer({ ok: false, code, ...(notice === undefined ? {} : { notice }) }));
  stream.end();
}
