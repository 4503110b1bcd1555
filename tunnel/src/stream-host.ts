import type { CausewayError } from '@causeway/contract';
import type { WindowBudget } from './mux-limits.ts';

/** What a stream needs of its session. */
export interface StreamHost<Stream> {
  readonly blocked: boolean;
  readonly maxWindowBytes: number;
  /** Of windows; null until measured. */
  readonly rttMs: number | null;
  readonly budget: WindowBudget;
  now(): number;
  frame(type: number, flags: number, id: number, length: number): void;
  data(flags: number, id: number, payload: Uint8Array): void;
  /** Calls `pump` when the output takes more. */
  wait(stream: Stream): void;
  measureRtt(): void;
  later(run: () => void): void;
  /** `lateBytes`: what the peer may still send before it knows. */
  ended(stream: Stream, lateBytes: number): void;
}

/** Takes the first bytes of a stream, before its consumer gets any. */
export interface Preface {
  /** @returns the bytes that follow the preface, or null while it is incomplete */
  read(bytes: Uint8Array): Uint8Array | null;
  /** The stream ended or was closed before the preface was complete. */
  ended(error: CausewayError | null): void;
}
