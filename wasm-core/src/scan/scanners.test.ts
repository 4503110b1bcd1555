import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ReferenceClassRunScanner,
  ReferenceDigitRunScanner,
  ReferenceLiteralScanner,
} from '../reference/scan-reference.ts';
import { ClassRunScanner, DigitRunScanner, HIT_WORDS, LiteralScanner } from './index.ts';
import type { Scanner } from './scanner.ts';

type Found = [what: number, start: number, end: number][];

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Everything in the stream, given to the scanner in pieces of these lengths, the rest in one. */
function findAll(scanner: Scanner, stream: Uint8Array, cuts: readonly number[] = []): Found {
  const found: Found = [];
  const onHit = (what: number, start: number, end: number): void => void found.push([what, start, end]);
  let at = 0;
  for (const cut of [...cuts, stream.length]) {
    scanner.each(stream.subarray(at, at + cut), onHit);
    at = Math.min(stream.length, at + cut);
  }
  scanner.eachAtEnd(onHit);
  return found;
}

const CUTS = fc.array(fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 200 })), { maxLength: 12 });

const KINDS = [
  { name: 'WebAssembly', literal: LiteralScanner, digits: DigitRunScanner, classes: ClassRunScanner },
  {
    name: 'reference',
    literal: ReferenceLiteralScanner,
    digits: ReferenceDigitRunScanner,
    classes: ReferenceClassRunScanner,
  },
] as const;

describe.each(KINDS)('scanners: $name', ({ literal: Literals, digits: Digits, classes: Classes }) => {
  it('finds literals, overlapping and nested, by end and then by index', () => {
    const scanner = new Literals(['she', 'he', 'hers', 'e', 'his']);
    expect(findAll(scanner, bytes('ushers'))).toEqual([
      [0, 1, 4],
      [1, 2, 4],
      [3, 3, 4],
      [2, 2, 6],
    ]);
    expect(findAll(scanner, bytes('ushers'), [1, 2, 1])).toHaveLength(4);
  });

  it('folds ASCII letters only, and only when asked', () => {
    expect(findAll(new Literals(['Key@[`{'], { ignoreCase: true }), bytes('kEY@[`{ KEY`{@['))).toEqual([[0, 0, 7]]);
    expect(findAll(new Literals(['Key']), bytes('key KEY Key'))).toEqual([[0, 8, 11]]);
    expect(findAll(new Literals(['straße'], { ignoreCase: true }), bytes('STRAßE STRASSE'))).toEqual([[0, 0, 7]]);
  });

  it('takes nothing for granted before the stream', () => {
    expect(findAll(new Literals(['\0a', '\0\0b']), bytes('a b \0a'))).toEqual([[0, 4, 6]]);
  });

  it('gives a literal that is there twice twice, and resumes where hits were full', () => {
    const scanner = new Literals(['aa', 'aa', 'a'], { maxHits: 64 });
    scanner.input.fill(97, 0, 100);
    let total = 0;
    let calls = 0;
    for (let n = scanner.scan(100); n > 0; n = scanner.resume()) {
      expect(n).toBeLessThanOrEqual(64);
      expect(() => scanner.scan(1)).toThrow('resume');
      total += n;
      calls++;
    }
    expect([total, calls > 4, scanner.offset]).toEqual([298, true, 100]);
    expect(scanner.hits).toHaveLength(64 * HIT_WORDS);
  });

  it('finds card numbers in their groups and neither within longer ones nor with a wrong digit', () => {
    const find = (text: string): Found => findAll(new Digits(), bytes(text));
    expect(find('x 4111 1111 1111 1111 12/27')).toEqual([[16, 2, 21]]);
    expect(find('4111-1111-1111-1111')).toEqual([[16, 0, 19]]);
    expect(find('4111111111111112')).toEqual([]);
    expect(find('04111111111111111x')).toEqual([[17, 0, 17]]);
    expect(find('14111111111111111999')).toEqual([]);
    expect(find('4111  1111 1111 1111')).toEqual([]);
    expect(findAll(new Digits({ maxGap: 2 }), bytes('4111  1111 -1111 1111'))).toEqual([[16, 0, 21]]);
    expect(findAll(new Digits({ maxGap: 0 }), bytes('4111 1111 1111 1111,4111111111111111'))).toEqual([[16, 20, 36]]);
    expect(findAll(new Digits({ minDigits: 8, maxDigits: 8, luhn: false }), bytes('12345678 123456789'))).toEqual([
      [8, 0, 8],
    ]);
  });

  it('finds runs of a class that are long enough, to the end of the stream', () => {
    const scanner = new Classes({ ranges: 'afAF09', minLength: 6 });
    expect(findAll(scanner, bytes('deadbeef xdead 0123456'))).toEqual([
      [0, 0, 8],
      [0, 15, 22],
    ]);
    expect(findAll(new Classes({ ranges: '\x80\xff', minLength: 200 }), new Uint8Array(300).fill(255), [70])).toEqual([
      [0, 0, 300],
    ]);
  });

  it('begins anew by reset and after finish', () => {
    const scanner = new Digits();
    scanner.each(bytes('4111 1111 1111 '), () => expect.unreachable());
    scanner.reset();
    expect(findAll(scanner, bytes('1111'))).toEqual([]);
    scanner.each(bytes('4111 1111 1111 '), () => expect.unreachable());
    expect(scanner.finish()).toBe(0);
    expect(findAll(scanner, bytes('1111'))).toEqual([]);
    const literal = new Literals(['ab']);
    literal.each(bytes('a'), () => expect.unreachable());
    literal.reset();
    expect(findAll(literal, bytes('b'))).toEqual([]);
    expect(literal.offset).toBe(1);
  });

  it('refuses what it cannot do', () => {
    const thrown = expect.objectContaining({ code: 'CW_CORE_SCAN' });
    const refused: (() => unknown)[] = [
      () => new Literals([]),
      () => new Literals(['']),
      () => new Literals(['x'.repeat(256)]),
      () =>
        new Literals(
          Array.from({ length: 65 }, () => 'a'),
          { maxHits: 64 },
        ),
      () => new Literals(['a'], { capacity: 63 }),
      () => new Digits({ minDigits: 7 }),
      () => new Digits({ minDigits: 20 }),
      () => new Digits({ maxGap: 5 }),
      () => new Classes({ ranges: 'a', minLength: 1 }),
      () => new Classes({ ranges: 'za', minLength: 1 }),
      () => new Classes({ ranges: 'az', minLength: 0 }),
      () => new Digits({ capacity: 64 }).scan(65),
      () => new Digits().scan(-1),
    ];
    for (const call of refused) expect(call).toThrow(thrown);
  });
});

/** Text that is full of what is sought. */
const dense = (alphabet: string, maxLength: number): fc.Arbitrary<Uint8Array> =>
  fc.string({ unit: fc.constantFrom(...alphabet.split('')), maxLength, size: 'max' }).map(bytes);

/** What the subject finds when the stream is cut, and what the oracle finds in it whole. */
const both = (subject: Scanner, oracle: Scanner, stream: Uint8Array, cuts: readonly number[]): [Found, Found] => [
  findAll(subject, stream, cuts),
  findAll(oracle, stream),
];

describe('scanners against the reference, cut anywhere', () => {
  const literal = fc.string({ unit: fc.constantFrom('a', 'b', 'A', 'B', '@'), minLength: 1, maxLength: 24 });

  it.each([
    ['few', 1, 64],
    ['many', 65, 160],
  ] as const)('literals, %s', (_, minLength, maxLength) => {
    const sets = fc.array(literal, { minLength, maxLength, size: 'max' });
    const property = fc.property(sets, dense('abAB@', 400), CUTS, fc.boolean(), (set, stream, cuts, ignoreCase) => {
      const options = { ignoreCase, capacity: 64, maxHits: 256 };
      const [found, expected] = both(
        new LiteralScanner(set, options),
        new ReferenceLiteralScanner(set, options),
        stream,
        cuts,
      );
      expect(found).toEqual(expected);
    });
    fc.assert(property, { numRuns: 150 });
  });

  it('many long literals that share beginnings and ends', () => {
    const long = fc.integer({ min: 4, max: 12 }).chain((minLength) =>
      fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength, maxLength: minLength + 20 }), {
        minLength: 65,
        maxLength: 90,
        size: 'max',
      }),
    );
    const property = fc.property(long, dense('abcABC.', 600), CUTS, fc.boolean(), (set, stream, cuts, ignoreCase) => {
      const planted = Uint8Array.from([...stream, ...bytes(set[0] ?? ''), ...stream, ...bytes(set[64] ?? '')]);
      const options = { ignoreCase, capacity: 128, maxHits: 128 };
      const [found, expected] = both(
        new LiteralScanner(set, options),
        new ReferenceLiteralScanner(set, options),
        planted,
        cuts,
      );
      expect(found).toEqual(expected);
    });
    fc.assert(property, { numRuns: 150 });
  });

  it('literals of any bytes and any length', () => {
    const sets = fc.array(fc.uint8Array({ minLength: 1, maxLength: 255, size: 'max' }), {
      minLength: 1,
      maxLength: 20,
    });
    const property = fc.property(sets, fc.uint8Array({ maxLength: 100 }), CUTS, (set, between, cuts) => {
      const stream = Uint8Array.from(set.flatMap((one) => [...between, ...one]));
      const [found, expected] = both(new LiteralScanner(set), new ReferenceLiteralScanner(set), stream, cuts);
      expect(found).toEqual(expected);
    });
    fc.assert(property, { numRuns: 100 });
  });

  it.each(['0123456789', '0000011112 -', '19 -', '0123456789,,,', '45 -abc\n'])('digit runs in %j', (alphabet) => {
    const property = fc.property(
      dense(alphabet, 1200),
      CUTS,
      fc.record({
        minDigits: fc.integer({ min: 8, max: 19 }),
        maxDigits: fc.integer({ min: 19, max: 32 }),
        maxGap: fc.integer({ min: 0, max: 4 }),
        luhn: fc.boolean(),
      }),
      (stream, cuts, options) => {
        const bounded = { ...options, capacity: 256, maxHits: 64 };
        const [found, expected] = both(
          new DigitRunScanner(bounded),
          new ReferenceDigitRunScanner(bounded),
          stream,
          cuts,
        );
        expect(found).toEqual(expected);
      },
    );
    fc.assert(property, { numRuns: 120 });
  });

  it('class runs', () => {
    const property = fc.property(
      fc.array(fc.tuple(fc.nat(255), fc.nat(200)), { maxLength: 30 }),
      CUTS,
      fc.integer({ min: 1, max: 130 }),
      (runs, cuts, minLength) => {
        const stream = Uint8Array.from(runs.flatMap(([byte, length]) => Array.from({ length }, () => byte)));
        const options = { ranges: '\0\x1faz\x90\xa0\xf0\xff', minLength, capacity: 256, maxHits: 64 };
        const [found, expected] = both(
          new ClassRunScanner(options),
          new ReferenceClassRunScanner(options),
          stream,
          cuts,
        );
        expect(found).toEqual(expected);
      },
    );
    fc.assert(property, { numRuns: 200 });
  });
});
