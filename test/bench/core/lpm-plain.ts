import type { LpmEntry } from '@causeway/wasm-core';
import { packAddresses } from './lpm-inputs.ts';
import type { LpmFamily } from './lpm-inputs.ts';

const JUMP_BITS = 16;

/**
 * Longest-prefix match of one family in plain TypeScript, the best that is known to us: sorted intervals in typed arrays
 * of 32-bit words, a jump table on the 16 bits behind what all boundaries have in common, a binary search of the rest.
 */
export class PlainLpm {
  readonly #words: number;
  /** The words of each interval's start: all first words, then all second words … */
  readonly #starts: readonly Uint32Array[];
  readonly #values: Int32Array;
  readonly #jump = new Uint32Array(2 ** JUMP_BITS + 1);
  readonly #skip: number;

  constructor(family: LpmFamily, entries: readonly (LpmEntry & { readonly prefix: string })[]) {
    const width = family === 'ipv4' ? 32 : 128;
    this.#words = width / 32;
    const intervals = sweep(width, rangesOf(family, width, entries));
    this.#starts = Array.from({ length: this.#words }, (_, word) =>
      Uint32Array.from(intervals, ({ from }) => Number((from >> BigInt(width - 32 - 32 * word)) & 0xffff_ffffn)),
    );
    this.#values = Int32Array.from(intervals, ({ value }) => value);
    const first = intervals[1]?.from ?? 0n;
    const last = intervals.at(-1)?.from ?? 0n;
    this.#skip = Math.min(width - JUMP_BITS, width - (first ^ last).toString(2).length, 47);
    const base = (first >> BigInt(width - this.#skip)) << BigInt(width - this.#skip);
    let at = 0;
    for (let slot = 0; slot <= 2 ** JUMP_BITS; slot++) {
      const from = base + (BigInt(slot) << BigInt(width - this.#skip - JUMP_BITS));
      while ((intervals[at + 1]?.from ?? 2n ** 129n) <= from) at++;
      this.#jump[slot] = at;
    }
  }

  lookupBatch(addresses: Uint8Array, results: Int32Array): void {
    const view = new DataView(addresses.buffer, addresses.byteOffset, addresses.length);
    const count = addresses.length / (4 * this.#words);
    if (this.#words === 1) for (let i = 0; i < count; i++) results[i] = this.#find4(view.getUint32(4 * i));
    else for (let i = 0; i < count; i++) results[i] = this.#find6(view, 16 * i);
  }

  #find4(address: number): number {
    const starts = this.#starts[0] ?? this.#jump;
    const slot = ((address << this.#skip) >>> 0) >>> (32 - JUMP_BITS);
    let low = this.#jump[slot] ?? 0;
    let high = this.#jump[slot + 1] ?? 0;
    if (address < (starts[1] ?? 0)) return this.#values[0] ?? -1;
    if (address >= (starts.at(-1) ?? 0)) return this.#values.at(-1) ?? -1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((starts[middle] ?? 0) <= address) low = middle;
      else high = middle - 1;
    }
    return this.#values[low] ?? -1;
  }

  #find6(view: DataView, at: number): number {
    const a = view.getUint32(at);
    const b = view.getUint32(at + 4);
    const c = view.getUint32(at + 8);
    const d = view.getUint32(at + 12);
    const count = this.#values.length;
    if (count === 1 || !this.#startsBy(1, a, b, c, d)) return this.#values[0] ?? -1;
    if (this.#startsBy(count - 1, a, b, c, d)) return this.#values[count - 1] ?? -1;
    const skip = this.#skip;
    const top = skip < 32 ? (skip === 0 ? a : ((a << skip) | (b >>> (32 - skip))) >>> 0) : (b << (skip - 32)) >>> 0;
    const slot = top >>> (32 - JUMP_BITS);
    let low = this.#jump[slot] ?? 0;
    let high = this.#jump[slot + 1] ?? 0;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#startsBy(middle, a, b, c, d)) low = middle;
      else high = middle - 1;
    }
    return this.#values[low] ?? -1;
  }

  #startsBy(interval: number, a: number, b: number, c: number, d: number): boolean {
    const [first, second, third, fourth] = [this.#starts[0], this.#starts[1], this.#starts[2], this.#starts[3]];
    if (first === undefined || second === undefined || third === undefined || fourth === undefined) return false;
    const startA = first[interval] ?? 0;
    if (startA !== a) return startA < a;
    const startB = second[interval] ?? 0;
    if (startB !== b) return startB < b;
    const startC = third[interval] ?? 0;
    if (startC !== c) return startC < c;
    return (fourth[interval] ?? 0) <= d;
  }
}

interface Range {
  readonly from: bigint;
  readonly end: bigint;
  readonly value: number;
}

function rangesOf(
  family: LpmFamily,
  width: number,
  entries: readonly (LpmEntry & { readonly prefix: string })[],
): Range[] {
  const ranges = entries.map(({ prefix, value }) => {
    const [address = '', length = ''] = prefix.split('/');
    const from = BigInt(`0x${Buffer.from(packAddresses(family, [address])).toString('hex')}`);
    return { from, end: from + (1n << BigInt(width - Number(length))), value };
  });
  const order = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);
  return ranges.toSorted((a, b) => order(a.from, b.from) || order(b.end, a.end));
}

function sweep(width: number, ranges: readonly Range[]): { readonly from: bigint; readonly value: number }[] {
  const intervals: { from: bigint; value: number }[] = [{ from: 0n, value: -1 }];
  const open: Range[] = [];
  const put = (from: bigint, value: number): void => {
    const last = intervals.at(-1);
    if (last?.from === from) last.value = value;
    else if (last?.value !== value) intervals.push({ from, value });
  };
  const closeUntil = (at: bigint): void => {
    for (let top = open.at(-1); top !== undefined && top.end <= at; top = open.at(-1)) {
      open.pop();
      if (top.end < 1n << BigInt(width)) put(top.end, open.at(-1)?.value ?? -1);
    }
  };
  for (const range of ranges) {
    closeUntil(range.from);
    open.push(range);
    put(range.from, range.value);
  }
  closeUntil(1n << BigInt(width));
  return intervals;
}
