import { Duplex } from 'node:stream';
import type { MuxStream } from './mux-stream.ts';

export function streamDuplex(_stream: MuxStream): Duplex {
  return new Duplex();
}
