import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PacketBuffer } from '@causeway/wasm-core';
import { ratioRow } from '../row.ts';
import type { Row } from '../row.ts';

/** What each measurement sums altogether. */
const TOTAL_BYTES = 64 * 1024 * 1024;
/** `javaScript`: what the ratio to the best plain one should be at most, 12 and 8 times as fast. */
const SIZES = [
  { name: '64 KiB', length: 65_536, javaScript: 0.083 },
  { name: '1400 B', length: 1400, javaScript: 0.125 },
];
const AGAINST_C = 2;

function finish(sum: number): number {
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~(((sum & 255) << 8) | (sum >> 8)) & 0xffff;
}

/** Words of 32 bits, halves apart, four sums that never leave int32 for 64 KiB. */
function sum32(words: Uint32Array): number {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  let i = 0;
  for (; i + 2 <= words.length; i += 2) {
    const first = words[i] ?? 0;
    const second = words[i + 1] ?? 0;
    a = (a + (first & 0xffff)) | 0;
    b = (b + (first >>> 16)) | 0;
    c = (c + (second & 0xffff)) | 0;
    d = (d + (second >>> 16)) | 0;
  }
  if (i < words.length) a += ((words[i] ?? 0) & 0xffff) + ((words[i] ?? 0) >>> 16);
  return finish(a + b + c + d);
}

/** The same with eight words of 16 bits a turn, as signed reads need no check that they fit. */
function sumUnrolled(words: Int32Array): number {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  let i = 0;
  for (const end = words.length & ~3; i < end; i += 4) {
    const first = words[i]!;
    const second = words[i + 1]!;
    const third = words[i + 2]!;
    const fourth = words[i + 3]!;
    a = (a + (first & 0xffff) + (second & 0xffff)) | 0;
    b = (b + (first >>> 16) + (second >>> 16)) | 0;
    c = (c + (third & 0xffff) + (fourth & 0xffff)) | 0;
    d = (d + (third >>> 16) + (fourth >>> 16)) | 0;
  }
  for (; i < words.length; i++) a = (a + (words[i]! & 0xffff) + (words[i]! >>> 16)) | 0;
  return finish(a + b + c + d);
}

/** Words of 32 bits and their upper halves: what the lower ones sum to is the difference. */
function sumDifference(words: Int32Array): number {
  let all = 0;
  let upper = 0;
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    all = (all + word) | 0;
    upper = (upper + (word >>> 16)) | 0;
  }
  return finish(upper + ((all - (upper << 16)) >>> 0));
}

function sum16(words: Uint16Array): number {
  let a = 0;
  let b = 0;
  for (let i = 0; i < words.length; i += 2) {
    a += words[i] ?? 0;
    b += words[i + 1] ?? 0;
  }
  return finish(a + b);
}

/** Nanoseconds per sum, after as many to warm up. */
function measure(length: number, expected: number, sum: () => number): number {
  const repeats = Math.ceil(TOTAL_BYTES / length);
  let spent = 0;
  for (let warm = 0; warm < 2; warm++) {
    const from = process.hrtime.bigint();
    let right = 0;
    for (let i = 0; i < repeats; i++) right += sum() === expected ? 1 : 0;
    spent = Number(process.hrtime.bigint() - from);
    if (right !== repeats) throw new Error(`${repeats - right} wrong checksums`);
  }
  return spent / repeats;
}

/** The C peer, compiled for this run; null, with the reason printed, where there is no compiler. */
function compilePeer(folder: string): string | null {
  const program = join(folder, 'checksum');
  try {
    const source = fileURLToPath(new URL('checksum.c', import.meta.url));
    execFileSync('gcc', ['-O3', '-march=native', '-o', program, source], { stdio: ['ignore', 'ignore', 'pipe'] });
    return program;
  } catch (error) {
    console.error(`The checksum in C is left out: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  }
}

/** Checksums of what lies in the core's memory, and of bytes that have to be copied there first. */
export async function checksumRows(rounds: number): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-checksum-'));
  try {
    const peer = compilePeer(folder);
    return SIZES.flatMap((size) => rowsFor(size, peer, rounds));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function rowsFor(size: (typeof SIZES)[number], peer: string | null, rounds: number): Row[] {
  const { name, length, javaScript } = size;
  const buffer = new PacketBuffer({ packets: 1, bytes: length });
  const bytes = Uint8Array.from({ length }, (_, i) => (i * 37 + (i >> 8) * (i >> 5) + 5) & 255);
  buffer.data.set(bytes);
  const words32 = new Uint32Array(bytes.buffer);
  const signed32 = new Int32Array(bytes.buffer);
  const words16 = new Uint16Array(bytes.buffer);
  const expected = sum16(words16);
  const figures: Record<'inPlace' | 'copied' | 'plain' | 'c', number[]> = { inPlace: [], copied: [], plain: [], c: [] };
  for (let round = 0; round < rounds; round++) {
    figures.inPlace.push(measure(length, expected, () => buffer.checksumAt(0, length)));
    figures.copied.push(measure(length, expected, () => buffer.checksum(bytes)));
    figures.plain.push(
      Math.min(
        measure(length, expected, () => sum32(words32)),
        measure(length, expected, () => sumUnrolled(signed32)),
        measure(length, expected, () => sumDifference(signed32)),
        measure(length, expected, () => sum16(words16)),
      ),
    );
    if (peer === null) continue;
    const repeats = Math.ceil(TOTAL_BYTES / length);
    const output = execFileSync(peer, [String(length), String(repeats)], { encoding: 'utf8' });
    const [nanoseconds = Number.NaN, checksum] = output.trim().split(' ').map(Number);
    if (checksum !== expected) throw new Error(`C says ${checksum}, not ${expected}`);
    figures.c.push(nanoseconds);
  }
  const plain = { name: 'the best JavaScript', rounds: figures.plain };
  const rows = [
    ratioRow(`checksum of ${name} in place`, 'ns', figures.inPlace, plain, javaScript),
    ratioRow(`checksum of ${name}, copied in`, 'ns', figures.copied, plain, null),
  ];
  if (peer !== null) {
    const c = { name: 'C, gcc -O3 -march=native', rounds: figures.c };
    rows.push(ratioRow(`checksum of ${name} in place`, 'ns', figures.inPlace, c, AGAINST_C));
  }
  return rows;
}
