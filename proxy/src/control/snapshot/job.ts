import type { ErrorCode, ErrorProblem } from '@causeway/contract';
import type { Config, Deployment } from '../../config/schema.ts';
import type { Chunk, Parts } from '../objects/chunks.ts';
import type { PreparedChange } from '../objects/prepared-change.ts';

/** What the thread is to make a snapshot of. */
export type ContentsSource =
  /** The file's objects and, of those that the API manages, what the last snapshot has. */
  | { readonly from: 'file'; readonly configFile: string }
  /** Everything in the working set. @see changes as if these had been applied */
  | { readonly from: 'working'; readonly config: Deployment; readonly changes?: readonly PreparedChange[] }
  | { readonly from: 'snapshot'; readonly config: Deployment; readonly number: number };

export interface CompileArguments {
  readonly source: ContentsSource;
  /** Hashes of chunks that the caller has, whose text it does not need. */
  readonly known: readonly string[];
}

/** What the thread does, each with the store's place in its `workerData`. */
export interface Jobs {
  compile: { readonly args: CompileArguments; readonly answer: CompiledContents };
}

export type JobName = keyof Jobs;

export type ToSnapshotThread = {
  [J in JobName]: { readonly job: J; readonly args: Jobs[J]['args'] };
}[JobName];

/** Contents that compile, not yet a snapshot. */
export interface CompiledContents {
  readonly config: Deployment;
  readonly parts: Parts;
  readonly digest: string;
  readonly objects: number;
  /** Of the parts those that the caller does not have, or that the store does not. */
  readonly chunks: readonly Chunk[];
  /** wasm-core policy image. */
  readonly image: Uint8Array<ArrayBuffer>;
  /** Version of the working set, and number of the last snapshot, when the store was read. */
  readonly working: number;
  readonly base: number;
  /** What the file's objects change in the working set. */
  readonly changes: readonly PreparedChange[];
  readonly warnings: readonly string[];
}

/** One answer to each message, in their order. */
export type FromSnapshotThread =
  | { readonly t: 'done'; readonly answer: Jobs[JobName]['answer']; readonly heapBytes: number }
  | {
      readonly t: 'refused';
      readonly code: ErrorCode;
      readonly message: string;
      readonly problems: readonly ErrorProblem[];
      readonly heapBytes: number;
    };

export function deploymentOf({ publishers: _p, apps: _a, rules: _r, ...deployment }: Config): Deployment {
  return deployment;
}
