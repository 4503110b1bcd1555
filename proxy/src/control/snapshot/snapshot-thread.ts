import { parentPort, workerData } from 'node:worker_threads';
import { codeOf, type ErrorCode } from '@causeway/contract';
import { loadConfigWithWarnings } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import type { Snapshot } from '../../rpc/messages.ts';
import { compile } from './compile.ts';

/** What the thread says once, then it ends. The snapshot has number 0: the store gives the real one. */
export type FromSnapshotThread =
  | {
      readonly t: 'compiled';
      readonly config: Config;
      readonly snapshot: Snapshot;
      readonly warnings: readonly string[];
    }
  | { readonly t: 'refused'; readonly code: ErrorCode; readonly message: string };

/** Entry of the thread: `workerData` is the configuration's file. */
async function run(file: string): Promise<FromSnapshotThread> {
  try {
    const { config, warnings } = await loadConfigWithWarnings(file);
    return { t: 'compiled', config, snapshot: compile(config, 0), warnings };
  } catch (error) {
    return { t: 'refused', code: codeOf(error), message: error instanceof Error ? error.message : String(error) };
  }
}

parentPort?.postMessage(await run(String(workerData)));
