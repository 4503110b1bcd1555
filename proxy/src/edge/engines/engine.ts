import type { TLSSocket } from 'node:tls';
import type { ErrorCode } from '@causeway/contract';
import type { ActiveSnapshot } from '../config/active-snapshot.ts';
import type { Exchange } from '../exchange/exchange.ts';
import type { PassContext } from '../exchange/pass.ts';
import type { LiveStreams } from '../live-streams.ts';
import type { Publishers } from '../tunnels/publishers.ts';

/** What an engine needs of the worker. */
export interface EngineOptions {
  readonly passes: PassContext;
  readonly live: LiveStreams;
  readonly publishers: Publishers;
  active(): ActiveSnapshot | null;
  /** Once per exchange, when its answer has ended. */
  onEnd(exchange: Exchange, outcome: Outcome): void;
  /** An answer of ours instead of the app's, with its code. */
  onRefusal(exchange: Exchange, code: ErrorCode): void;
  /** A fault of ours that a request met. */
  onFault(error: unknown): void;
}

export interface Outcome {
  /** 0 when the connection ended before an answer began. */
  readonly status: number;
  readonly bytesUp: number;
  readonly bytesDown: number;
}

/** Speaks HTTP with browsers over decrypted connections, running every request through the same passes. */
export interface Engine {
  take(socket: TLSSocket): void;
  /** Answers what is under way and keeps no connection after it. */
  drain(): void;
  destroy(): void;
}
