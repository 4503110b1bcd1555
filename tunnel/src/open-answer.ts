import { CausewayError, checkOpenAnswer, OpenFrameReader } from '@causeway/contract';
import type { MuxStream } from './mux-stream.ts';

/**
 * Waits for the acceptor's answer at the beginning of a stream that we opened; what follows it is the consumer's.
 * Rejects with the acceptor's code (its notice as the message), `CW_OPEN_TIMEOUT`, `CW_OPEN_INVALID` or why the stream
 * ended; the stream is reset with the same error.
 */
export function awaitAnswer(stream: MuxStream, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const reader = new OpenFrameReader();
    const timer = setTimeout(() => fail(new CausewayError('CW_OPEN_TIMEOUT')), timeoutMs);
    const fail = (error: CausewayError): void => {
      clearTimeout(timer);
      reject(error);
      stream.reset(error);
    };
    stream.setPreface({
      read(bytes) {
        try {
          const frame = reader.push(bytes);
          if (frame === null) return null;
          const answer = checkOpenAnswer(frame.value);
          if (!answer.ok) throw new CausewayError(answer.code, answer.notice);
          clearTimeout(timer);
          resolve();
          return frame.rest;
        } catch (error) {
          fail(error instanceof CausewayError ? error : new CausewayError('CW_INTERNAL', undefined, { cause: error }));
          return null;
        }
      },
      ended: (error) => fail(error ?? new CausewayError('CW_STREAM_RESET', 'the stream ended without an answer')),
    });
  });
}
