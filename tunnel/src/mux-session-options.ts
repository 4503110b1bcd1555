import type { CausewayError } from '@causeway/contract';
import type { MuxLimits, WindowBudget } from './mux-limits.ts';
import type { MuxStream } from './mux-stream.ts';

export interface MuxSessionOptions {
  readonly role: 'client' | 'server';
  readonly limits?: Partial<MuxLimits>;
  /** Process-wide unless a test gives its own. */
  readonly budget?: WindowBudget;
  /** Milliseconds, monotonic, with fractions. */
  readonly now: () => number;
  /** @returns false when no more should come until `outputDrained()` */
  readonly output: (chunks: Uint8Array[]) => boolean;
  /** A stream that the peer opened. */
  readonly onStream: (stream: MuxStream) => void;
  /** Once. Null after `close()` without an error. */
  readonly onClosed: (error: CausewayError | null) => void;
  /** The peer opens no more streams and wants none. */
  readonly onGoAway?: () => void;
  /** Whether one more stream of the peer is taken now; one that is not is reset, and counts as beyond the limit. */
  readonly admits?: () => boolean;
  /** No stream is left but those in the background. */
  readonly onIdle?: () => void;
  /** Of the streams opened here, odd for the client; where a session that has used up its ids is wanted. */
  readonly firstId?: number;
  /** Runs its argument at the end of the loop turn; default `queueMicrotask`. */
  readonly schedule?: (run: () => void) => void;
}
