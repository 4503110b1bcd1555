import { canRunCore } from './core-instance.ts';
import { CoreError } from './errors.ts';
import { FrameBatch } from './frames/frame-batch.ts';
import type { FrameBatchFace, FrameOptions } from './frames/frame-batch-face.ts';
import { LpmTable } from './lpm/lpm-table.ts';
import type { LpmEntry } from './lpm/lpm-table.ts';
import { FlowTable } from './nat/flow-table.ts';
import type { FlowTableFace, FlowTableOptions } from './nat/flow.ts';
import type { PacketBufferFace, PacketBufferOptions } from './packets/packet-buffer-face.ts';
import { PacketBuffer } from './packets/packet-buffer.ts';
import { compilePolicy } from './policy/compile-policy.ts';
import type { PolicyFlow, PolicyInput, PolicyProbe, PolicyProtocol, PolicyReason } from './policy/policy-input.ts';
import type { PolicySubject } from './policy/policy-input.ts';
import { PolicyMatcher } from './policy/policy-matcher.ts';
import { ReferenceFrameBatch } from './reference/frames-reference.ts';
import { ReferencePacketBuffer } from './reference/packets/reference-packet-buffer.ts';
import { PlainPolicy } from './reference/plain-policy.ts';
import { ReferenceFlowTable } from './reference/reference-flow-table.ts';
import { ReferenceLpm } from './reference/reference-lpm.ts';
import type { ClassRunOptions } from './scan/class-run-scanner.ts';
import type { DigitRunOptions } from './scan/digit-run-scanner.ts';
import type { LiteralOptions } from './scan/literal-set.ts';
import type { Scanner } from './scan/scanner.ts';
import { StubTable } from './stubs/stub-table.ts';
import type { StubOptions } from './stubs/stub-table.ts';

export type CoreEngine = 'wasm' | 'typescript';

export interface CoreOptions {
  /** `auto`, the default, takes WebAssembly where it runs with SIMD, and plain TypeScript elsewhere. */
  readonly engine?: 'auto' | CoreEngine;
}

/** What `PolicyMatcher` and its plain twin share. A session is opaque and belongs to the matcher that opened it. */
export interface PolicyFace<Session = object> {
  /** Names in the order of their indexes. */
  readonly apps: readonly string[];
  /** Once per principal. Throws `CW_CORE_ARGUMENT`, `CW_CORE_ADDRESS`, `CW_CORE_SESSIONS`. */
  open(subject: PolicySubject): Session;
  /** The index of the first rule that matches, -1 where none does. Throws `CW_CORE_SESSION`, `CW_CORE_ARGUMENT`. */
  decide(session: Session, app: number, protocol: PolicyProtocol, port: number, flow?: PolicyFlow): number;
  /** `decide` for each probe, in their order. */
  decideAll(session: Session, probes: readonly PolicyProbe[]): Int32Array;
  /** The conditions of a rule, all of which held if it decided; none for -1. */
  reason(rule: number): PolicyReason;
  /** Ends a session; a second time is nothing. */
  close(session: Session): void;
}

/** What `LpmTable` and its plain twin share: the value of the longest prefix that holds an address, -1 where none does. */
export interface LpmFace {
  /** Text, IPv4 or IPv6. Throws `CW_CORE_ADDRESS`. */
  lookup(address: string): number;
  /** 4 or 16 bytes in network order. Throws `CW_CORE_ADDRESS`. */
  lookupBytes(bytes: Uint8Array): number;
  /**
   * `lookupBytes` for many addresses of one family, back to back; the answer to each goes to its place in `results`.
   * Throws `CW_CORE_ADDRESS` where the lengths do not fit.
   */
  lookupBatch(addresses: Uint8Array, results: Int32Array, family: 'ipv4' | 'ipv6'): void;
  /** Prefixes that it was built of. */
  readonly size: number;
}

/** Makers of scanners; what each finds is said at the classes of `@causeway/wasm-core/scan`. */
export interface ScanMakers {
  /** `LiteralScanner`. */
  literals(literals: readonly (string | Uint8Array)[], options?: LiteralOptions): Scanner;
  /** `DigitRunScanner`. */
  digitRuns(options?: DigitRunOptions): Scanner;
  /** `ClassRunScanner`. */
  classRuns(options: ClassRunOptions): Scanner;
}

/** Makers of everything, on one engine. What each takes, gives and throws is said at the classes named. */
export interface Core {
  readonly engine: CoreEngine;
  /** `PolicyMatcher` of `compilePolicy`. */
  policy(input: PolicyInput): PolicyFace;
  /** `StubTable`, plain on both engines. */
  stubs(options?: StubOptions): StubTable;
  /** `LpmTable`. */
  lpm(entries: readonly LpmEntry[]): LpmFace;
  /** `PacketBuffer`. */
  packets(options?: PacketBufferOptions): PacketBufferFace;
  /** `FlowTable`. */
  nat(options: FlowTableOptions): FlowTableFace;
  /** `FrameBatch`. */
  frames(options?: FrameOptions): FrameBatchFace;
  /** Loads the scanners, with the second module where the engine is WebAssembly, when it is first called. */
  scan(): Promise<ScanMakers>;
}

const WASM: Core = Object.freeze<Core>({
  engine: 'wasm',
  policy: (input) => new PolicyMatcher(compilePolicy(input)),
  stubs: (options) => new StubTable(options),
  lpm: (entries) => LpmTable.build(entries),
  packets: (options) => new PacketBuffer(options),
  nat: (options) => new FlowTable(options),
  frames: (options) => new FrameBatch(options),
  // An import of its own, so that whoever scans nothing neither fetches nor compiles scan.wasm.
  scan: async () => {
    const { ClassRunScanner, DigitRunScanner, LiteralScanner } = await import('./scan/index.ts');
    return {
      literals: (literals, options) => new LiteralScanner(literals, options),
      digitRuns: (options) => new DigitRunScanner(options),
      classRuns: (options) => new ClassRunScanner(options),
    };
  },
});

const TYPESCRIPT: Core = Object.freeze<Core>({
  engine: 'typescript',
  policy: (input) => new PlainPolicy(input),
  stubs: (options) => new StubTable(options),
  lpm: (entries) => ReferenceLpm.build(entries),
  packets: (options) => new ReferencePacketBuffer(options),
  nat: (options) => new ReferenceFlowTable(options),
  frames: (options) => new ReferenceFrameBatch(options),
  scan: async () => {
    const { ReferenceClassRunScanner, ReferenceDigitRunScanner, ReferenceLiteralScanner } =
      await import('./reference/scan-reference.ts');
    return {
      literals: (literals, options) => new ReferenceLiteralScanner(literals, options),
      digitRuns: (options) => new ReferenceDigitRunScanner(options),
      classRuns: (options) => new ReferenceClassRunScanner(options),
    };
  },
});

/**
 * Decides once which engine to use; everything made shares its face, and gives the same answers, on both. Throws
 * `CW_CORE_ENGINE` where WebAssembly is asked for and does not run, `CW_CORE_ARGUMENT` for an engine that is none.
 */
export function createCore({ engine = 'auto' }: CoreOptions = {}): Core {
  if (engine === 'typescript') return TYPESCRIPT;
  if (engine !== 'auto' && engine !== 'wasm') throw new CoreError('CW_CORE_ARGUMENT', 'unknown engine');
  if (canRunCore()) return WASM;
  if (engine === 'wasm') throw new CoreError('CW_CORE_ENGINE');
  return TYPESCRIPT;
}
