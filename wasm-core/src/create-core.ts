import { canRunCore } from './core-instance.ts';
import { FrameBatch } from './frames/frame-batch.ts';
import type { FrameBatchFace, FrameOptions } from './frames/frame-batch-face.ts';
import { LpmTable } from './lpm/lpm-table.ts';
import type { LpmEntry } from './lpm/lpm-table.ts';
import { FlowTable } from './nat/flow-table.ts';
import type { FlowTableFace, FlowTableOptions } from './nat/flow.ts';
import { compilePolicy } from './policy/compile-policy.ts';
import type { PolicyFlow, PolicyInput, PolicyProbe, PolicyProtocol, PolicyReason } from './policy/policy-input.ts';
import type { PolicySubject } from './policy/policy-input.ts';
import { PolicyMatcher } from './policy/policy-matcher.ts';
import { ReferenceFrameBatch, ReferenceFlowTable, ReferenceLpm, ReferencePolicyMatcher } from './reference/index.ts';
import { StubTable } from './stubs/stub-table.ts';
import type { StubOptions } from './stubs/stub-table.ts';

export interface CoreOptions {
  /** `auto`, the default, takes WebAssembly where it runs with SIMD, and plain TypeScript elsewhere. */
  readonly engine?: 'auto' | 'wasm' | 'plain';
}

/** What `PolicyMatcher` and its plain twin share. A session is opaque and belongs to the matcher that opened it. */
export interface PolicyFace<Session = object> {
  readonly apps: readonly string[];
  open(subject: PolicySubject): Session;
  decide(session: Session, app: number, protocol: PolicyProtocol, port: number, flow?: PolicyFlow): number;
  decideAll(session: Session, probes: readonly PolicyProbe[]): Int32Array;
  reason(rule: number): PolicyReason;
  close(session: Session): void;
}

export interface LpmFace {
  lookup(address: string): number;
  lookupBytes(bytes: Uint8Array): number;
  lookupBatch(addresses: Uint8Array, results: Int32Array, family: 'ipv4' | 'ipv6'): void;
  readonly size: number;
}

/** Makers of everything, on one engine. What each takes, gives and throws is said at the classes named. */
export interface Core {
  readonly engine: 'wasm' | 'plain';
  /** `PolicyMatcher` of `compilePolicy`. */
  policy(input: PolicyInput): PolicyFace;
  /** `LpmTable`. */
  lpm(entries: readonly LpmEntry[]): LpmFace;
  /** `FlowTable`. */
  nat(options: FlowTableOptions): FlowTableFace;
  /** `FrameBatch`. */
  frames(options?: FrameOptions): FrameBatchFace;
  /** `StubTable`, plain on both engines. */
  stubs(options?: StubOptions): StubTable;
}

const WASM: Core = {
  engine: 'wasm',
  policy: (input) => new PolicyMatcher(compilePolicy(input)),
  lpm: (entries) => LpmTable.build(entries),
  nat: (options) => new FlowTable(options),
  frames: (options) => new FrameBatch(options),
  stubs: (options) => new StubTable(options),
};

const PLAIN: Core = {
  engine: 'plain',
  policy: (input) => new ReferencePolicyMatcher(input),
  lpm: (entries) => ReferenceLpm.build(entries),
  nat: (options) => new ReferenceFlowTable(options),
  frames: (options) => new ReferenceFrameBatch(options),
  stubs: (options) => new StubTable(options),
};

/** Decides once which engine to use; everything made shares its face, and gives the same answers, on both. */
export function createCore({ engine = 'auto' }: CoreOptions = {}): Core {
  return engine === 'wasm' || (engine === 'auto' && canRunCore()) ? WASM : PLAIN;
}
