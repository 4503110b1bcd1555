import { parentPort, workerData } from 'node:worker_threads';
import { codeOf, type ErrorCode } from '@causeway/contract';
import { loadConfigWithWarnings, type NeverDeciding } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import type { Snapshot } from '../../rpc/messages.ts';
import { compile } from './compile.ts';

/** What the thread says: one of the first two, after `compiled` the third, then it ends. */
export type FromSnapshotThread =
  | {
      readonly t: 'compiled';
      readonly config: Config;
      /** With number 0: the store gives the real one. */
      readonly snapshot: Snapshot;
      readonly warnings: readonly string[];
    }
  | { readonly t: 'refused'; readonly code: ErrorCode; readonly message: string }
  | ({ readonly t: 'analysed' } & NeverDeciding);

/** Entry of the thread: `workerData` is the configuration's file. Nobody waits for the analysis. */
async function run(file: string, say: (message: FromSnapshotThread) => void): Promise<void> {
  try {
    const { config, warnings, neverDeciding } = await loadConfigWithWarnings(file);
    say({ t: 'compiled', config, snapshot: compile(config, 0), warnings });
    say({ t: 'analysed', ...neverDeciding() });
  } catch (error) {
    say({ t: 'refused', code: codeOf(error), message: error instanceof Error ? error.message : String(error) });
  }
}

await run(String(workerData), (message) => parentPort?.postMessage(message));
