import type { Duplex } from 'node:stream';
import { CausewayError, type ErrorCode, type OpenHeader } from '@causeway/contract';
import type { MuxLimits } from './mux-limits.ts';
import type { MuxStream } from './mux-stream.ts';

/** A stream that the other side began. Answer exactly once, at any time: the opener waits for it, bounded. */
export interface OpenRequest {
  readonly header: OpenHeader;
  /** Aborted when the opener gave up or the tunnel ended before the answer. */
  readonly signal: AbortSignal;
  /** Answers ok. Set the stream's handlers in the same turn; data waits for `onData`. */
  accept(): MuxStream;
  /** Answers with the code (and what a person may be told) and ends the stream. */
  refuse(code: ErrorCode, notice?: string): void;
}

export interface TunnelOptions {
  readonly role: 'client' | 'server';
  readonly onOpen: (request: OpenRequest) => void;
  readonly onClosed: (error: CausewayError | null) => void;
  /** The other side drains: no new streams; dial elsewhere first. */
  readonly onGoAway?: () => void;
  readonly limits?: Partial<MuxLimits>;
}

export class Tunnel {
  readonly streams: number = 0;
  readonly rttMs: number | null = null;
  readonly closed: boolean = false;
  constructor(_socket: Duplex, _options: TunnelOptions) {}
  /** Resolves when the acceptor answered ok; rejects with its code, `CW_OPEN_TIMEOUT` or `CW_TUNNEL_CLOSED`. */
  open(_header: OpenHeader, _timeoutMs?: number): Promise<MuxStream> {
    return Promise.reject(new CausewayError('CW_INTERNAL'));
  }
  /** Data may be written at once; a refusal resets the stream (its `onClose` gets the code) and rejects `opened`. */
  openEager(_header: OpenHeader, _timeoutMs?: number): { stream: MuxStream; opened: Promise<void> } {
    throw new CausewayError('CW_INTERNAL');
  }
  goAway(): void {}
  close(): Promise<void> {
    return Promise.resolve();
  }
  destroy(_error?: CausewayError): void {}
}
