import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { CausewayError } from '@causeway/contract';
import type { MuxStream } from './mux-stream.ts';
import { takeReads } from './shared-read.ts';
import type { Stitched, StitchResult } from './stitch.ts';

/**
 * Joins a stream and a socket (made with `allowHalfOpen: true`, so that FIN passes as FIN). `up` counts what went from
 * the stream to the socket. A socket's error or a missing end resets the stream, a reset stream resets the socket.
 * `onDone` is called once, when both are closed.
 */
export function stitchSocket(stream: MuxStream, socket: Duplex, onDone: (result: StitchResult) => void): Stitched {
  let open = 2;
  let up = 0;
  let down = 0;
  let first: CausewayError | null = null;
  let failure: Error | null = null;
  const closed = (error: CausewayError | null): void => {
    first ??= error;
    open -= 1;
    if (open === 0) onDone({ up, down, error: first });
  };

  stream.onEnd = () => socket.end();
  stream.onDrain = () => socket.resume();
  stream.onClose = (error) => {
    if (error !== null) abort(socket);
    closed(error);
  };
  stream.onData = (bytes) => {
    up += bytes.length;
    if (!socket.write(bytes)) stream.pause();
  };

  socket.on('drain', () => stream.resume());
  const shared = takeReads(socket, (bytes) => {
    down += bytes.length;
    return stream.writeCopy(bytes);
  });
  if (!shared) {
    socket.on('data', (bytes: Uint8Array) => {
      down += bytes.length;
      if (!stream.write(bytes)) socket.pause();
    });
  }
  socket.on('end', () => stream.end());
  socket.on('error', (error) => {
    failure = error;
  });
  socket.once('close', () => {
    if (stream.closed) return closed(null);
    // Ended properly on both sides: the stream closes by itself once the other side has taken everything.
    if (failure === null && socket.readableEnded && socket.writableFinished) return closed(null);
    const error = new CausewayError('CW_STREAM_RESET', failure?.message ?? 'the socket closed in the middle');
    first ??= error;
    stream.reset(error);
    closed(error);
  });
  if (socket.destroyed) process.nextTick(() => stream.reset(new CausewayError('CW_STREAM_RESET')));

  return {
    cut(error) {
      first ??= error ?? null;
      stream.reset(error);
      abort(socket);
    },
  };
}

/** No reset beside a FIN that is on its way: libuv refuses it, and then Node never says that the socket closed. */
function abort(socket: Duplex): void {
  if (socket instanceof Socket && !socket.writableEnded) socket.resetAndDestroy();
  else socket.destroy();
}
