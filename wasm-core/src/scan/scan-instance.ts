import { compileModule, instantiate } from '../inline-module.ts';
import { SCAN_WASM_BASE64 } from '../scan-wasm.gen.ts';

/** What `assembly/scan/index.ts` exports; every argument is always passed. u32 results arrive signed. */
export interface ScanExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly streamReserve: (capacity: number, hits: number) => number;
  readonly streamHits: () => number;
  readonly streamReset: () => void;
  readonly streamBegin: (count: number) => void;
  readonly teddyReserve: (count: number, restBytes: number) => number;
  readonly teddyRun: () => number;
  readonly endingsReserve: (
    literals: number,
    restBytes: number,
    filterBits: number,
    slotBits: number,
    stride: number,
    short: number,
    run: number,
    ranged: number,
  ) => number;
  readonly endingsRun: () => number;
  readonly ahoReserve: (states: number, classes: number, acceptFrom: number, literals: number) => number;
  readonly ahoReset: () => void;
  readonly ahoRun: () => number;
  readonly digitsReserve: (minDigits: number, maxDigits: number, maxGap: number, check: number) => number;
  readonly digitsReset: () => void;
  readonly digitsRun: () => number;
  readonly digitsFinish: () => number;
  readonly classReserve: (minLength: number) => number;
  readonly classReset: () => void;
  readonly classRun: () => number;
  readonly classFinish: () => number;
}

let compiled: object | undefined;

/** A fresh instance with a memory of its own; the module is compiled once. */
export function instantiateScan(): ScanExports {
  compiled ??= compileModule(SCAN_WASM_BASE64);
  return instantiate(compiled) as ScanExports;
}
