import type { Duplex } from 'node:stream';
import type { MuxStream } from './mux-stream.ts';
import type { Stitched, StitchResult } from './stitch.ts';

export function stitchSocket(_stream: MuxStream, _socket: Duplex, _onDone: (result: StitchResult) => void): Stitched {
  return { cut: () => {} };
}
