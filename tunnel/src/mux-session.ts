import type { CausewayError } from '@causeway/contract';
import type { MuxLimits } from './mux-limits.ts';
import { MuxStream } from './mux-stream.ts';

export interface MuxSessionOptions {
  readonly role: 'client' | 'server';
  readonly limits?: Partial<MuxLimits>;
  readonly now: () => number;
  readonly output: (chunks: Uint8Array[]) => boolean;
  readonly onStream: (stream: MuxStream) => void;
  readonly onClosed: (error: CausewayError | null) => void;
  readonly onGoAway?: () => void;
  readonly schedule?: (flush: () => void) => void;
}

export class MuxSession {
  readonly streams: number = 0;
  readonly rttMs: number | null = null;
  constructor(_options: MuxSessionOptions) {}
  receive(_bytes: Uint8Array): void {}
  outputDrained(): void {}
  open(): MuxStream {
    return new MuxStream();
  }
  tick(): void {}
  goAway(): void {}
  close(_error?: CausewayError): void {}
}
