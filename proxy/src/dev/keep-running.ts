import { setTimeout as pause } from 'node:timers/promises';
import type { DevChild } from './child.ts';

/** A process of the demo that is started again when it ends by itself. */
export interface Kept {
  /** The one that runs now. */
  readonly child: DevChild;
  stop(): Promise<void>;
}

const RESTART_MS = 1_000;

/**
 * Rejects when it cannot start the first time; later it is tried again every second until `stop`.
 *
 * @param onEnd told each unasked end, with the exit code
 */
export async function keepRunning(start: () => Promise<DevChild>, onEnd: (code: number | null) => void): Promise<Kept> {
  const stopping = new AbortController();
  let child = await start();
  const watch = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const code = await child.exited;
      await restart(code);
    }
  };
  const restart = async (code: number | null): Promise<void> => {
    for (;;) {
      try {
        // A signal to the whole terminal group ends it before we are told to stop: wait before calling it unasked.
        await pause(RESTART_MS, undefined, { signal: stopping.signal });
        onEnd(code);
        child = await start();
        if (stopping.signal.aborted) await child.stop();
        return;
      } catch {
        if (stopping.signal.aborted) return;
      }
    }
  };
  const watching = watch();
  return {
    get child() {
      return child;
    },
    async stop() {
      stopping.abort();
      await child.stop();
      await watching;
    },
  };
}
