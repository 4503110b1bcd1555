import { BlockList } from 'node:net';
import { LpmTable } from '@causeway/wasm-core';
import { ReferenceLpm } from '@causeway/wasm-core/reference';
import LongestPrefixMatch from 'longest-prefix-match';
import { ratioRow, type Row } from '../row.ts';
import { lpmInputs, packAddresses } from './lpm-inputs.ts';
import type { LpmInput } from './lpm-inputs.ts';
import { PlainLpm } from './lpm-plain.ts';

/** Addresses of one call, as they would come from a batch of packets. */
const BATCH = 4096;
/** How often the addresses are looked up in a round: what ran before has left the caches by then. */
const PASSES = 40;
const LIMITS = { ipv4: 10, ipv6: 60 } as const;

function nanoseconds(times: number, run: (i: number) => void): number {
  const from = process.hrtime.bigint();
  for (let i = 0; i < times; i++) run(i);
  return Number(process.hrtime.bigint() - from) / times;
}

function* cut(packed: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < packed.length; at += size) yield packed.subarray(at, at + size);
}

function inputRows(input: LpmInput, rounds: number): Row[] {
  const { family, entries, addresses } = input;
  const table = LpmTable.build(entries);
  const plain = new PlainLpm(family, entries);
  const peer = new LongestPrefixMatch();
  const blocked = new BlockList();
  for (const { prefix, value } of entries) {
    const [base = '', length = ''] = prefix.split('/');
    peer.addPrefix(prefix, value);
    blocked.addSubnet(base, Number(length), family);
  }
  const packed = packAddresses(family, addresses);
  const width = packed.length / addresses.length;
  const batches = [...cut(packed, BATCH * width)];
  const single = [...cut(packed, width)];
  const results = new Int32Array(BATCH);
  checkAgreement(table, plain, input, batches[0] ?? packed);
  const times = {
    batch: [] as number[],
    plain: [] as number[],
    bytes: [] as number[],
    text: [] as number[],
    peer: [] as number[],
    blocked: [] as number[],
  };
  const suffix = family === 'ipv4' ? '/32' : '/128';
  const count = addresses.length;
  const none = new Uint8Array(width);
  let sum = 0;
  for (let round = -2; round < rounds; round++) {
    const batch =
      nanoseconds(PASSES * batches.length, (i) => {
        table.lookupBatch(batches[i % batches.length] ?? packed, results, family);
      }) / BATCH;
    const twin =
      nanoseconds(PASSES * batches.length, (i) => {
        plain.lookupBatch(batches[i % batches.length] ?? packed, results);
      }) / BATCH;
    const bytes = nanoseconds(2 * count, (i) => void (sum += table.lookupBytes(single[i % count] ?? none)));
    const text = nanoseconds(2 * count, (i) => void (sum += table.lookup(addresses[i % count] ?? '')));
    const other = nanoseconds(500, (i) => peer.getMatch(`${addresses[(i * 97) % count]}${suffix}`));
    const list = nanoseconds(20, (i) => blocked.check(addresses[(i * 97) % count] ?? '', family));
    if (round < 0) continue; // to warm all of them
    times.batch.push(batch);
    times.plain.push(twin);
    times.bytes.push(bytes);
    times.text.push(text);
    times.peer.push(other);
    times.blocked.push(list);
  }
  if (Number.isNaN(sum)) throw new Error('a lookup gave no number');
  const row = (what: string, subject: number[], against: string, figures: number[], target: number | null): Row =>
    ratioRow(`LPM ${family}, ${input.name}: ${what}`, 'ns', subject, { name: against, rounds: figures }, target);
  const limit = LIMITS[family];
  const limits = times.batch.map(() => limit);
  return [
    row('batch', times.batch, `limit of ${limit} ns`, limits, 1),
    row('batch', times.batch, 'longest-prefix-match', times.peer, 0.01),
    row('batch', times.batch, 'plain TypeScript', times.plain, null),
    row('one by one', times.bytes, 'longest-prefix-match', times.peer, null),
    row('text', times.text, 'longest-prefix-match', times.peer, null),
    row('text', times.text, 'net.BlockList (says only whether)', times.blocked, null),
  ];
}

function checkAgreement(
  table: LpmTable,
  plain: PlainLpm,
  { family, entries, addresses }: LpmInput,
  packed: Uint8Array,
): void {
  const reference = ReferenceLpm.build(entries);
  const results = new Int32Array(BATCH);
  const twin = new Int32Array(BATCH);
  table.lookupBatch(packed, results, family);
  plain.lookupBatch(packed, twin);
  for (const [i, text] of addresses.slice(0, BATCH).entries()) {
    const expected = i < 50 ? reference.lookup(text) : twin[i];
    if (expected !== results[i] || expected !== twin[i]) throw new Error(`the tables disagree on ${text}`);
  }
}

/** Lookups in large tables; times, so that less is better. */
export async function lpmRows(rounds: number): Promise<Row[]> {
  return lpmInputs().flatMap((input) => inputRows(input, rounds));
}
