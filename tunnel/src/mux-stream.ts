import type { CausewayError } from '@causeway/contract';

export class MuxStream {
  readonly id: number = 0;
  onData: ((bytes: Uint8Array) => void) | null = null;
  onEnd: (() => void) | null = null;
  onDrain: (() => void) | null = null;
  onClose: ((error: CausewayError | null) => void) | null = null;
  readonly closed: boolean = false;
  readonly bytesIn: number = 0;
  readonly bytesOut: number = 0;
  readonly pendingBytes: number = 0;

  /** @returns false when the window or the output is full: stop until `onDrain` */
  write(_bytes: Uint8Array): boolean {
    throw new Error('not yet');
  }
  end(): void {}
  reset(_error?: CausewayError): void {}
  pause(): void {}
  resume(): void {}
}
