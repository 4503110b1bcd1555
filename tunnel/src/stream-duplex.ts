import { Duplex } from 'node:stream';
import { CausewayError } from '@causeway/contract';
import type { MuxStream } from './mux-stream.ts';

type Done = (error?: Error | null) => void;

/**
 * A stream as Node's own clients want it: for `http.Agent`, `tls.connect` and `http-proxy-3`, which call methods of
 * `net.Socket` on it. Like a `net.Socket` by default, it ends its side when the other side does, so that an idle
 * keep-alive connection that the app closed leaves its pool.
 */
class StreamDuplex extends Duplex {
  readonly #stream: MuxStream;
  #writing: Done | null = null;
  #peerEnded = false;

  constructor(stream: MuxStream) {
    super({ allowHalfOpen: false });
    this.#stream = stream;
    stream.onDrain = () => this.#written();
    stream.onEnd = () => {
      this.#peerEnded = true;
      this.push(null);
    };
    stream.onClose = (error) => {
      const idle = this.#writing === null;
      // After its FIN a reset says only that the other side takes no more: what it sent before stays readable, and
      // whoever has read to the end needs to hear of no error. Who writes does.
      if (error === null || (this.#peerEnded && idle)) this.#written();
      else this.destroy(error);
    };
    stream.onData = (bytes) => {
      if (!this.push(bytes)) stream.pause();
    };
  }

  override _read(): void {
    this.#stream.resume();
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: Done): void {
    if (this.#stream.closed) return done(new CausewayError('CW_STREAM_RESET'));
    if (this.#stream.write(chunk)) done();
    else this.#writing = done;
  }

  override _final(done: Done): void {
    this.#stream.end();
    done();
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#writing = null;
    // Both sides ended: the stream closes by itself when its last bytes were sent.
    if (error !== null || !this.readableEnded || !this.writableFinished) this.#stream.reset();
    done(error);
  }

  setKeepAlive(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setTimeout(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  #written(): void {
    const done = this.#writing;
    this.#writing = null;
    done?.();
  }
}

export function streamDuplex(stream: MuxStream): Duplex {
  return new StreamDuplex(stream);
}
