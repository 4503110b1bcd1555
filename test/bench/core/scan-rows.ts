import { DigitRunScanner, LiteralScanner } from '@causeway/wasm-core/scan';
import type { Scanner } from '@causeway/wasm-core/scan';
import { ratioRow } from '../row.ts';
import type { Row } from '../row.ts';
import { Hyperscan } from './hyperscan.ts';
import { keywords, scanInputs } from './scan-inputs.ts';
import type { ScanInput } from './scan-inputs.ts';

const SIZE = 8 << 20;
const CHUNK = 65_536;
/** A card number as `DigitRunScanner` means it, as far as an expression can say it; what it finds is checked by `luhn`. */
const CARD = /(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)/g;

/** Nanoseconds of one call. */
function time(call: () => void): number {
  const from = process.hrtime.bigint();
  call();
  return Number(process.hrtime.bigint() - from);
}

/** The text as a stream; copying it in is part of it. */
function scanAll(scanner: Scanner, bytes: Uint8Array): number {
  let hits = 0;
  scanner.reset();
  for (let at = 0; at < bytes.length; at += CHUNK) {
    const part = bytes.subarray(at, at + CHUNK);
    scanner.input.set(part);
    for (let n = scanner.scan(part.length); n > 0; n = scanner.resume()) hits += n;
  }
  return hits + scanner.finish();
}

/** The chunk in place: what content already in the module's memory costs. */
function scanInPlace(scanner: Scanner, bytes: Uint8Array): number {
  let spent = 0;
  scanner.reset();
  for (let at = 0; at < bytes.length; at += CHUNK) {
    const part = bytes.subarray(at, at + CHUNK);
    scanner.input.set(part);
    spent += time(() => {
      for (let n = scanner.scan(part.length); n > 0;) n = scanner.resume();
    });
  }
  return spent;
}

function luhn(text: string): boolean {
  let sum = 0;
  let place = 0;
  for (let i = text.length - 1; i >= 0; i--) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) continue;
    const counted = place++ % 2 === 0 ? digit : 2 * digit;
    sum += counted > 9 ? counted - 9 : counted;
  }
  return sum % 10 === 0;
}

function cardRows({ name, bytes }: ScanInput, rounds: number): Row[] {
  const scanner = new DigitRunScanner();
  const text = new TextDecoder('latin1').decode(bytes);
  const byRegExp = (): number => [...text.matchAll(CARD)].filter(([match]) => luhn(match)).length;
  const copied: number[] = [];
  const inPlace: number[] = [];
  const regExp: number[] = [];
  for (let round = -2; round < rounds; round++) {
    const streamed = time(() => void scanAll(scanner, bytes));
    const scanned = scanInPlace(scanner, bytes);
    const expression = time(() => void byRegExp());
    if (round < 0) continue; // to warm all of them
    copied.push(streamed / SIZE);
    inPlace.push(scanned / SIZE);
    regExp.push(expression / SIZE);
  }
  const peer = { name: 'RegExp', rounds: regExp };
  return [
    ratioRow(
      `card numbers, ${name}, in place`,
      'ns/B',
      inPlace,
      { name: '6 GB/s', rounds: inPlace.map(() => 1 / 6) },
      1,
    ),
    ratioRow(`card numbers, ${name}, in place`, 'ns/B', inPlace, peer, 1 / 8),
    ratioRow(`card numbers, ${name}, copied in`, 'ns/B', copied, peer, 1 / 8),
  ];
}

function literalRows(count: number, target: number, input: ScanInput, peer: Hyperscan | null, rounds: number): Row {
  const { name, bytes } = input;
  const words = keywords(count);
  const scanner = new LiteralScanner(words, { ignoreCase: true });
  const hits = scanAll(scanner, bytes);
  const ours: number[] = [];
  const theirs: number[] = [];
  scanInPlace(scanner, bytes);
  for (let round = 0; round < rounds; round++) {
    ours.push(scanInPlace(scanner, bytes) / SIZE);
    const [, last] = peer?.run(words, bytes, 2, CHUNK) ?? [];
    if (last === undefined) continue;
    if (last.matches !== hits) throw new Error(`${name}: ${hits} hits, Hyperscan has ${last.matches}`);
    theirs.push(last.nanoseconds / SIZE);
  }
  const title = `${count} literals, ${name}`;
  return ratioRow(title, 'ns/B', ours, peer === null ? null : { name: 'Hyperscan', rounds: theirs }, target);
}

/** Scanning against `RegExp` and Hyperscan, on each of the four inputs; times, so that less is better. */
export async function scanRows(rounds: number): Promise<Row[]> {
  const inputs = scanInputs(SIZE);
  const rows = inputs.flatMap((input) => cardRows(input, rounds));
  const peer = Hyperscan.compile();
  try {
    for (const input of inputs) {
      rows.push(literalRows(32, 1 / 0.5, input, peer, rounds), literalRows(1000, 1 / 0.3, input, peer, rounds));
    }
  } finally {
    peer?.close();
  }
  return rows;
}
