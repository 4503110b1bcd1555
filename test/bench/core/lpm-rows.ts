import { BlockList } from 'node:net';
import { LpmTable } from '@causeway/wasm-core';
import { ReferenceLpm } from '@causeway/wasm-core/reference';
import LongestPrefixMatch from 'longest-prefix-match';
import { ratioRow, type Row } from '../row.ts';
import { randomNumbers } from './policy-inputs.ts';

const PREFIXES = 100_000;
const ADDRESSES = 4096;

interface Family {
  readonly name: 'ipv4' | 'ipv6';
  readonly limit: number;
  readonly address: (next: (below: number) => number) => string;
  readonly bits: (next: (below: number) => number) => number;
}

const FAMILIES: readonly Family[] = [
  {
    name: 'ipv4',
    limit: 10,
    address: (next) => `${1 + next(220)}.${next(256)}.${next(256)}.${next(256)}`,
    bits: (next) => 12 + next(13),
  },
  {
    name: 'ipv6',
    limit: 60,
    address: (next) =>
      `2${next(4096).toString(16).padStart(3, '0')}:${[0, 1, 2, 3].map(() => next(65_536).toString(16)).join(':')}::1`,
    bits: (next) => 20 + next(30),
  },
];

function nanoseconds(times: number, run: (i: number) => void): number {
  const from = process.hrtime.bigint();
  for (let i = 0; i < times; i++) run(i);
  return Number(process.hrtime.bigint() - from) / times;
}

function familyRows({ name, limit, address, bits }: Family, rounds: number): Row[] {
  const next = randomNumbers(3);
  const entries = Array.from({ length: PREFIXES }, (_, value) => ({ prefix: `${address(next)}/${bits(next)}`, value }));
  const texts = Array.from({ length: ADDRESSES }, () => address(next));
  const table = LpmTable.build(entries);
  const packed = Uint8Array.from(texts.flatMap((text) => [...bytesOf(text, name)]));
  const results = new Int32Array(ADDRESSES);
  const peer = new LongestPrefixMatch();
  const blocked = new BlockList();
  for (const { prefix, value } of entries) {
    const [base = '', length = ''] = prefix.split('/');
    peer.addPrefix(prefix, value);
    blocked.addSubnet(base, Number(length), name);
  }
  const reference = ReferenceLpm.build(entries);
  checkAgreement(table, reference, texts, packed, name);
  const times = { batch: [] as number[], text: [] as number[], peer: [] as number[], blocked: [] as number[] };
  for (let round = -1; round < rounds; round++) {
    const batch = nanoseconds(50, () => table.lookupBatch(packed, results, name)) / ADDRESSES;
    const text = nanoseconds(50 * ADDRESSES, (i) => table.lookup(texts[i % ADDRESSES] ?? ''));
    const suffix = name === 'ipv4' ? '/32' : '/128';
    const other = nanoseconds(500, (i) => peer.getMatch(`${texts[i % ADDRESSES]}${suffix}`));
    const list = nanoseconds(20, (i) => blocked.check(texts[i % ADDRESSES] ?? '', name));
    if (round < 0) continue; // to warm all of them
    times.batch.push(batch);
    times.text.push(text);
    times.peer.push(other);
    times.blocked.push(list);
  }
  const row = (what: string, subject: number[], against: string, figures: number[], target: number | null): Row =>
    ratioRow(`LPM ${name}, ${PREFIXES} prefixes: ${what}`, 'ns', subject, { name: against, rounds: figures }, target);
  return [
    row(
      'batch',
      times.batch,
      `limit of ${limit} ns`,
      times.batch.map(() => limit),
      1,
    ),
    row('batch', times.batch, 'longest-prefix-match', times.peer, 0.01),
    row('text', times.text, 'longest-prefix-match', times.peer, null),
    row('text', times.text, 'net.BlockList (says only whether)', times.blocked, null),
  ];
}

function bytesOf(text: string, family: Family['name']): Uint8Array {
  if (family === 'ipv4') return Uint8Array.from(text.split('.'), Number);
  const [head = ''] = text.split('::');
  const groups = [...head.split(':'), '0', '0', '0', '0', '0', '0', '0', '0'].slice(0, 7);
  return Uint8Array.from(
    [...groups, '1'].flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255]),
  );
}

function checkAgreement(
  table: LpmTable,
  reference: ReferenceLpm,
  texts: readonly string[],
  packed: Uint8Array,
  family: Family['name'],
): void {
  const results = new Int32Array(texts.length);
  table.lookupBatch(packed, results, family);
  for (const [i, text] of texts.slice(0, 50).entries()) {
    if (reference.lookup(text) !== results[i]) throw new Error(`the tables disagree on ${text}`);
  }
}

/** Lookups in a large table; times, so that less is better. */
export async function lpmRows(rounds: number): Promise<Row[]> {
  return FAMILIES.flatMap((family) => familyRows(family, rounds));
}
