import { CausewayError } from '@causeway/contract';
import type { MuxStream } from './mux-stream.ts';

/** Bytes that went from the first to the second (`up`) and back (`down`); `error` is null when both sides ended. */
export interface StitchResult {
  readonly up: number;
  readonly down: number;
  readonly error: CausewayError | null;
}

export interface Stitched {
  /** Resets both sides at once; `onDone` gets the error given, or `CW_STREAM_RESET`. */
  cut(error?: CausewayError): void;
}

/**
 * Joins two streams. Payload passes by reference; a side that is blocked pauses the other, which then withholds
 * credit, so that nothing is buffered beyond the windows. FIN becomes FIN, RST becomes RST. `onDone` is called once,
 * when both are closed.
 */
export function stitch(a: MuxStream, b: MuxStream, onDone: (result: StitchResult) => void): Stitched {
  const beforeA = a.bytesIn;
  const beforeB = b.bytesIn;
  let open = 2;
  let first: CausewayError | null = null;

  const forward = (from: MuxStream, to: MuxStream): void => {
    from.onEnd = () => to.end();
    to.onDrain = () => from.resume();
    from.onClose = (error) => {
      first ??= error;
      open -= 1;
      const last = open === 0; // the reset may close the other one before it returns
      if (error !== null) to.reset(error);
      if (last) onDone({ up: a.bytesIn - beforeA, down: b.bytesIn - beforeB, error: first });
    };
    from.onData = (bytes) => {
      if (!to.write(bytes)) from.pause();
    };
  };
  forward(a, b);
  forward(b, a);

  return {
    cut(error) {
      first ??= error ?? null;
      a.reset(error);
      b.reset(error);
    },
  };
}
