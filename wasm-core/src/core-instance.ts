import { CORE_WASM_BASE64 } from './core-wasm.gen.ts';
import { compileModule, instantiate } from './inline-module.ts';

/**
 * What `assembly/index.ts` exports. Addresses and other u32 results arrive as signed numbers: callers apply `>>> 0`.
 * No function has default parameters (they would trap when called without), every argument is always passed.
 */
export interface CoreExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  reserve(size: number): number;
  policyLoad(base: number, table: number): number;
  policyFreeAxes(): number;
  sessionOpen(keys: number): number;
  sessionClose(slot: number): void;
  destinationClassBytes(): number;
  destinationClassClear(at: number): void;
  destinationClassAdd(at: number, key: number): void;
  decide(this: void, slot: number, app: number, flow: number, time: number, destination: number): number;
  decideBatch(slot: number, probes: number, count: number, time: number, destination: number): void;
  lpmReserve(records: number): number;
  lpmBuild(records: number): number;
  lpmReserveBatch(): number;
  lpmLookup4(address: number): number;
  lpmLookup6(a: number, b: number, c: number, d: number): number;
  lpmBatch4(count: number): void;
  lpmBatch6(count: number): void;
  checksum(at: number, length: number): number;
  checksumAdd(at: number, length: number, sum: number): number;
  checksumEnd(sum: number): number;
  packetParse(area: number, offset: number, length: number, descriptor: number): number;
  packetRewrite(packet: number, descriptor: number, change: number): number;
  packetClampMss(packet: number, descriptor: number, mss: number): number;
  packetVerify(packet: number, descriptor: number): number;
  packetUnreachable(packet: number, descriptor: number, to: number, room: number, from: number, code: number): number;
  packetTooBig(packet: number, descriptor: number, to: number, room: number, from: number, mtu: number): number;
  packetReset(packet: number, descriptor: number, to: number, room: number): number;
  framesReserve(capacity: number, frames: number): number;
  framesParse(state: number, out: number, input: number, maxLength: number, most: number): number;
  framesEmit(descriptors: number, count: number, headers: number): void;
  natCreate(family: number, flows: number, seedLow: number, seedHigh: number): number;
  natTimeout(which: number, seconds: number): void;
  natPair(): number;
  natKeys(): number;
  natAnswers(): number;
  natPackets(): number;
  natDescriptors(): number;
  natEnded(): number;
  natCounters(): number;
  natEntry(flow: number): number;
  natOpen(now: number): number;
  natOpenPort(now: number, from: number, to: number, start: number, tries: number): number;
  natLookup(count: number, now: number): number;
  natTouch(reference: number, flags: number, length: number, now: number): number;
  natClose(flow: number, now: number): number;
  natSweep(now: number, budget: number): number;
  natTranslate(count: number, now: number): number;
}

let compiled: object | undefined;

/** A fresh instance with a memory of its own (64 KiB, growing to 1 GiB at most); the module is compiled once. */
export function instantiateCore(): CoreExports {
  compiled ??= compileModule(CORE_WASM_BASE64);
  return instantiate(compiled) as CoreExports;
}

/** Whether this runtime has WebAssembly with SIMD, and lets the module be compiled (a page's policy may forbid it). */
export function canRunCore(): boolean {
  try {
    instantiateCore();
    return true;
  } catch {
    return false;
  }
}
