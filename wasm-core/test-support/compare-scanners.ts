import { random32 } from '../fixtures/random32.ts';
import {
  ReferenceClassRunScanner,
  ReferenceDigitRunScanner,
  ReferenceLiteralScanner,
} from '../src/reference/scan-reference.ts';
import { ClassRunScanner, DigitRunScanner, LiteralScanner } from '../src/scan/index.ts';
import type { Scanner } from '../src/scan/index.ts';
import { classRunsByRegExp, digitRunsByRegExp, literalsByIndexOf } from './scan-peers.ts';
import type { Found } from './scan-peers.ts';

type Random = (below: number) => number;

/** What is sought in one round: two scanners for it, what an independent search finds, and text that is full of it. */
interface Trial {
  readonly kind: keyof ScanCounts;
  readonly ours: Scanner;
  readonly reference: Scanner;
  readonly peer: (stream: Uint8Array) => Found;
  readonly stream: () => Uint8Array;
}

/** Bytes that have gone through each kind of scanner. */
export interface ScanCounts {
  literals: number;
  digits: number;
  classes: number;
}

const STREAMS = 4;

const ALPHABETS = ['ab', 'abcAB@`', 'etaoin ETA.', '\0\x01\x80\xff', 'abcdefghijklmnopqrstuvwxyz,-0123456789'];

const pick = (alphabet: Uint8Array, length: number, random: Random): Uint8Array =>
  Uint8Array.from({ length }, () => alphabet[random(alphabet.length)] ?? 0);

const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));

function literalTrial(random: Random): Trial {
  const alphabet = latin1(ALPHABETS[random(ALPHABETS.length)] ?? 'ab');
  const shortest = random(3) === 0 ? 1 + random(3) : 4 + random(8);
  const spread = 1 + random(random(4) === 0 ? 60 : 12);
  // Some end alike, some of them so many that they are no good endings.
  const ending = random(4) === 0 ? pick(alphabet, random(8), random) : new Uint8Array(0);
  const literals = Array.from({ length: random(6) === 0 ? 65 + random(40) : 1 + random(12) }, () =>
    Uint8Array.from([...pick(alphabet, shortest + random(spread), random), ...ending]),
  );
  const ignoreCase = random(2) === 0;
  const options = { ignoreCase, capacity: 64 + random(200), maxHits: 128 };
  const piece = (): Uint8Array => {
    if (random(2) === 0) return pick(alphabet, random(90), random);
    const literal = literals[random(literals.length)] ?? new Uint8Array(0);
    return random(2) === 0
      ? literal
      : latin1(
          String.fromCharCode(...literal)
            .toUpperCase()
            .slice(0, literal.length),
        );
  };
  return {
    kind: 'literals',
    ours: new LiteralScanner(literals, options),
    reference: new ReferenceLiteralScanner(literals, options),
    peer: (stream) => literalsByIndexOf(stream, literals, ignoreCase),
    stream: () => Uint8Array.from(Array.from({ length: 1 + random(8) }, piece).flatMap((part) => [...part])),
  };
}

function digitTrial(random: Random): Trial {
  const minDigits = 8 + random(14);
  const options = {
    minDigits,
    maxDigits: Math.min(32, minDigits + random(14)),
    maxGap: random(3) === 0 ? random(5) : 1,
    luhn: random(4) !== 0,
    capacity: 64 + random(300),
    maxHits: 64,
  };
  const alphabet = latin1(
    ['0123456789', '0123456789012345678901234567890123456789 -', '19 -', '45-  ab\n'][random(4)] ?? '',
  );
  const piece = (): Uint8Array => {
    if (random(3) === 0) return pick(latin1('abc,.- \n'), random(100), random);
    return pick(alphabet, random(random(8) === 0 ? 300 : 40), random);
  };
  return {
    kind: 'digits',
    ours: new DigitRunScanner(options),
    reference: new ReferenceDigitRunScanner(options),
    peer: (stream) => digitRunsByRegExp(stream, options),
    stream: () => Uint8Array.from(Array.from({ length: 1 + random(20) }, piece).flatMap((part) => [...part])),
  };
}

function classTrial(random: Random): Trial {
  const pairs = Array.from({ length: 1 + random(5) }, () => {
    const from = random(256);
    return [from, Math.min(255, from + random(40))] as const;
  });
  const options = {
    ranges: pairs.map(([from, to]) => String.fromCharCode(from, to)).join(''),
    minLength: 1 + random(random(2) === 0 ? 8 : 200),
    capacity: 64 + random(300),
    maxHits: 64,
  };
  const members = Uint8Array.from(pairs.flat());
  const piece = (): Uint8Array =>
    random(2) === 0 ? pick(members, random(150), random) : Uint8Array.from({ length: random(20) }, () => random(256));
  return {
    kind: 'classes',
    ours: new ClassRunScanner(options),
    reference: new ReferenceClassRunScanner(options),
    peer: (stream) => classRunsByRegExp(stream, pairs, options.minLength),
    stream: () => Uint8Array.from(Array.from({ length: 1 + random(20) }, piece).flatMap((part) => [...part])),
  };
}

/** All hits {what, start, end} in a stream that is cut anywhere. */
function findAll(scanner: Scanner, stream: Uint8Array, random: Random): Found {
  const found: number[] = [];
  const onHit = (...hit: [number, number, number]): void => void found.push(...hit);
  scanner.reset();
  const longest = 1 + random(random(2) === 0 ? 8 : 500);
  for (let at = 0, next = 0; at < stream.length; at = next) {
    next = at + 1 + random(longest);
    scanner.each(stream.subarray(at, next), onHit);
  }
  scanner.eachAtEnd(onHit);
  return found;
}

function compare(what: string, found: Found, expected: Found, stream: Uint8Array): void {
  if (found.length === expected.length && found.every((value, i) => value === expected[i])) return;
  const text = JSON.stringify(String.fromCharCode(...stream));
  throw new Error(`${what}: [${found.join()}] instead of [${expected.join()}] in ${text}`);
}

/** The scanners of the module, those of the reference and independent searches, on the same streams. */
export class ScanComparison {
  readonly counts: ScanCounts = { literals: 0, digits: 0, classes: 0 };
  readonly #random: Random;

  constructor(seed: number) {
    const next = random32(seed);
    this.#random = (below) => next() % below;
  }

  /** One set of options, several streams, of the kind that has had least. Throws where one finds something else. */
  round(): void {
    const { literals, digits, classes } = this.counts;
    const behind = Math.min(literals, digits, classes);
    const create = behind === literals ? literalTrial : behind === digits ? digitTrial : classTrial;
    const { kind, ours, reference, peer, stream } = create(this.#random);
    for (let i = 0; i < STREAMS; i++) {
      const bytes = stream();
      const expected = peer(bytes);
      compare(`${kind}, reference`, findAll(reference, bytes, this.#random), expected, bytes);
      compare(kind, findAll(ours, bytes, this.#random), expected, bytes);
      this.counts[kind] += bytes.length;
    }
  }
}
