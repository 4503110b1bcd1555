import { CORE_WASM_BASE64 } from './core-wasm.gen.ts';

/**
 * What `assembly/index.ts` exports. Addresses and other u32 results arrive as signed numbers: callers apply `>>> 0`.
 * No function has default parameters (they would trap when called without), every argument is always passed.
 */
export interface CoreExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  reserve(size: number): number;
  policyLoad(
    base: number,
    rulesAt: number,
    rangesAt: number,
    setsAt: number,
    payloadAt: number,
    rules: number,
    ranges: number,
    users: number,
    groups: number,
    apps: number,
    units: number,
  ): number;
  sessionOpen(): number;
  sessionGroups(slot: number, indexes: number, count: number): void;
  sessionSeal(slot: number, user: number, method: number): void;
  sessionClose(slot: number): void;
  decide(slot: number, app: number, port: number, protocol: number): number;
  decideBatch(slot: number, probes: number, count: number): void;
  lpmReserve(records: number): number;
  lpmBuild(records: number): number;
  lpmLookup4(address: number): number;
  lpmLookup6(a: number, b: number, c: number, d: number): number;
}

/** What is used of the global, which neither `lib.es` nor the types of Node declare. */
interface WebAssemblyGlobal {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
}
const { WebAssembly: wasm } = globalThis as unknown as { readonly WebAssembly: WebAssemblyGlobal };

let compiled: object | undefined;

/** A fresh instance with a memory of its own (64 KiB, growing to 1 GiB at most); the module is compiled once. */
export function instantiateCore(): CoreExports {
  compiled ??= new wasm.Module(Uint8Array.from(atob(CORE_WASM_BASE64), (char) => char.charCodeAt(0)));
  // The boundary where types come in: the build's freshness test ties the exports to the sources.
  return new wasm.Instance(compiled).exports as CoreExports;
}
