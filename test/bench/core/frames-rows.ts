import { DESCRIPTOR_WORDS, FRAME_HEADER_BYTES, FrameBatch } from '@causeway/wasm-core';
import { ReferenceFrameBatch } from '@causeway/wasm-core/reference';
import { FrameReader } from '@causeway/tunnel/testing';
import { ratioRow } from '../row.ts';
import type { Row } from '../row.ts';

/** Received at once, as from a socket. */
const CHUNK = 65_536;
/** Of a round: enough that a few of the machine's own interruptions do not show. */
const FRAMES = 400_000;

/** Data frames of these payload lengths in turn, as many whole ones as fit in a chunk. */
function makeChunk(lengths: readonly number[]): { readonly bytes: Uint8Array; readonly frames: number } {
  const bytes = new Uint8Array(CHUNK);
  const view = new DataView(bytes.buffer);
  let at = 0;
  let frames = 0;
  for (;;) {
    const length = lengths[frames % lengths.length] ?? 0;
    if (at + FRAME_HEADER_BYTES + length > CHUNK) return { bytes: bytes.subarray(0, at), frames };
    view.setUint32(at + 4, 1 + 2 * (frames % 100));
    view.setUint32(at + 8, length);
    at += FRAME_HEADER_BYTES + length;
    frames++;
  }
}

/** Nanoseconds a frame. */
function measure(frames: number, chunk: () => number): number {
  const from = process.hrtime.bigint();
  let total = 0;
  const repeats = Math.ceil(FRAMES / frames);
  for (let i = 0; i < repeats; i++) total += chunk();
  const spent = Number(process.hrtime.bigint() - from);
  if (total !== frames * repeats) throw new Error(`${total} frames instead of ${frames * repeats}`);
  return spent / total;
}

/** Uses every descriptor, as a receiver would. */
function consume(batch: FrameBatch | ReferenceFrameBatch, count: number): number {
  const { incoming } = batch;
  let sum = 0;
  for (let i = 0; i < count * DESCRIPTOR_WORDS; i += DESCRIPTOR_WORDS) {
    sum += (incoming[i + 1] ?? 0) + (incoming[i + 2] ?? 0) + (incoming[i + 3] ?? 0);
  }
  return sum >= 0 ? count : 0;
}

function parseInPlace(batch: FrameBatch | ReferenceFrameBatch, length: number): number {
  batch.room();
  return consume(batch, batch.parse(length));
}

/** As the tunnel would have to: bytes come from a socket, and who gets a payload wants a view of it. */
function parseCopied(batch: FrameBatch, bytes: Uint8Array, payload: (part: Uint8Array) => void): number {
  const { incoming, input } = batch;
  input.set(bytes, batch.room());
  const count = batch.parse(bytes.length);
  for (let i = 0; i < count * DESCRIPTOR_WORDS; i += DESCRIPTOR_WORDS) {
    const length = incoming[i + 2] ?? 0;
    const at = incoming[i + 3] ?? 0;
    if (((incoming[i] ?? 0) & 255) === 0 && length > 0) payload(input.subarray(at, at + length));
  }
  return count;
}

function rowsFor(name: string, lengths: readonly number[], rounds: number): Row[] {
  const { bytes, frames } = makeChunk(lengths);
  const batch = new FrameBatch({ maxFrames: 8192 });
  const reference = new ReferenceFrameBatch({ maxFrames: 8192 });
  batch.input.set(bytes);
  reference.input.set(bytes);
  let read = 0;
  let sum = 0;
  const payload = (part: Uint8Array): void => void (sum += part.length);
  const reader = new FrameReader({
    closed: false,
    header: (type, flags, id, length) => {
      sum += type + flags + id + length;
      return null;
    },
    payload,
    payloadEnd: () => void read++,
  });
  const byReader = (): number => {
    read = 0;
    reader.push(bytes);
    return sum >= 0 ? read : 0;
  };
  const times: Record<'wasm' | 'copied' | 'view' | 'reader', number[]> = { wasm: [], copied: [], view: [], reader: [] };
  for (let round = -2; round < rounds; round++) {
    const wasm = measure(frames, () => parseInPlace(batch, bytes.length));
    const copied = measure(frames, () => parseCopied(batch, bytes, payload));
    const view = measure(frames, () => parseInPlace(reference, bytes.length));
    const mux = measure(frames, byReader);
    if (round < 0) continue; // to warm all of them
    times.wasm.push(wasm);
    times.copied.push(copied);
    times.view.push(view);
    times.reader.push(mux);
  }
  return [
    ratioRow(`frames in place, ${name}`, 'ns', times.wasm, { name: 'DataView TS', rounds: times.view }, 0.5),
    ratioRow(
      `frames copied in, a view of each payload, ${name}`,
      'ns',
      times.copied,
      { name: 'the mux’s reader', rounds: times.reader },
      null,
    ),
  ];
}

/** Parsing of yamux frames; times, so that less is better. */
export async function framesRows(rounds: number): Promise<Row[]> {
  return [
    ...rowsFor('64 B payloads', [64], rounds),
    ...rowsFor('mixed payloads', [0, 40, 1400, 200, 16_000], rounds),
    ...rowsFor('16 KiB payloads', [16_384 - FRAME_HEADER_BYTES], rounds),
  ];
}
