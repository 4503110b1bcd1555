import type { ErrorCode, ErrorProblem, ObjectKind } from '@causeway/contract';
import type { NeverDeciding } from '../../config/load.ts';
import type { Config, Deployment } from '../../config/schema.ts';
import type { ImpactArguments, ImpactPage, ShadowedPolicyRule } from '../analysis/model.ts';
import type { PolicyFlow, PolicySubject } from '@causeway/wasm-core';
import type { ExplainedRule } from '@causeway/wasm-core/reference';
import type { SnapshotParts } from '../../rpc/offered-snapshot.ts';
import type { Chunk, Parts } from '../objects/chunks.ts';
import type { ContentDifference } from '../objects/differing-contents.ts';
import type { ObjectBody } from '../objects/kinds/kind.ts';
import type { ApplyOptions, Page } from '../objects/model.ts';
import type { PreparedChange } from '../objects/prepared-change.ts';
import type { StoreLocation } from '../store/database.ts';

/** What the thread is to make a snapshot of. */
export type ContentsSource =
  /** The file's objects and, of those that the API manages, what the last snapshot has. */
  | { readonly from: 'file'; readonly configFile: string }
  /** Everything in the working set. @see changes as if these had been applied */
  | { readonly from: 'working'; readonly config: Deployment; readonly changes?: readonly PreparedChange[] }
  | { readonly from: 'snapshot'; readonly config: Deployment; readonly number: number };

export interface CompileArguments {
  readonly source: ContentsSource;
  /** Hashes of the chunks of the last contents: they passed the schemas, and but for rules the caller has their text. */
  readonly known: readonly string[];
}

/** What the thread does, each with the store's place. */
export interface Jobs {
  compile: { readonly args: CompileArguments; readonly answer: CompiledContents };
  entries: { readonly args: EntriesArguments; readonly answer: Page<SnapshotEntry> };
  differences: { readonly args: DifferencesArguments; readonly answer: Page<ContentDifference> };
  restoration: { readonly args: { readonly number: number }; readonly answer: Restoration };
  shadowed: { readonly args: PageArguments; readonly answer: Page<ShadowedPolicyRule> };
  deadRules: { readonly args: DeadRulesArguments; readonly answer: NeverDeciding };
  tried: { readonly args: TriedArguments; readonly answer: TriedRules };
  impact: { readonly args: ImpactJobArguments; readonly answer: ImpactPage };
}

export interface PageArguments {
  /** 1 to 500. */
  readonly limit: number;
  /** The `next` of the page before. */
  readonly cursor?: string;
}

export interface EntriesArguments extends PageArguments {
  readonly number: number;
  readonly kind: ObjectKind;
}

/** A snapshot's number, or the working set. */
export type State = number | 'working';

export interface DifferencesArguments extends PageArguments {
  readonly before: State;
  readonly after: State;
}

export interface DeadRulesArguments {
  /** Of the snapshot. */
  readonly number: number;
  /** Where its first rules may stand. */
  readonly configFile: string;
}

/** Who asks for what: the rules that a snapshot tries for it, in order. */
export interface TriedArguments {
  /** Of the snapshot. */
  readonly number: number;
  readonly subject: PolicySubject;
  /** Of the app among the snapshot's. */
  readonly app: number;
  readonly port: number;
  readonly flow: PolicyFlow;
}

export interface TriedRules {
  /** In order, up to the one that matched. */
  readonly tried: readonly ExplainedRule[];
  /** What the verdict would be otherwise by, each a sentence. */
  readonly changes: readonly string[];
}

export interface ImpactJobArguments extends ImpactArguments {
  /** In which the times of rules are meant. */
  readonly timeZone: string;
}

/** One object of a snapshot. */
export interface SnapshotEntry {
  readonly name: string;
  readonly managedBy: 'api' | 'file';
  readonly body: ObjectBody;
}

/** What brings the working set's objects of the API back to what a snapshot has. */
export interface Restoration {
  readonly changes: readonly PreparedChange[];
  readonly order: NonNullable<ApplyOptions['order']>;
  /** The working set that it was worked out for. */
  readonly version: number;
  /** What is left as it is, because the configuration file manages it or did. */
  readonly skipped: readonly { readonly kind: ObjectKind; readonly name: string }[];
}

export type JobName = keyof Jobs;

export type ToSnapshotThread = {
  [J in JobName]: { readonly location: StoreLocation; readonly job: J; readonly args: Jobs[J]['args'] };
}[JobName];

/** Contents that compile, not yet a snapshot. */
export interface CompiledContents extends SnapshotParts {
  readonly config: Deployment;
  readonly parts: Parts;
  readonly digest: string;
  /** How many. */
  readonly count: number;
  /** Of the parts, but rules, those that the caller does not have; of all parts those that the store does not. */
  readonly chunks: readonly Chunk[];
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
