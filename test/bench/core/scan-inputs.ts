/** The texts that scanning is measured on, made from a seed, so that every run has the same. */

export interface ScanInput {
  readonly name: 'docs' | 'logs' | 'csv' | 'hex dump';
  readonly bytes: Uint8Array;
}

/** 0 to `below` - 1; xorshift32. */
export function randomSource(seed: number): (below: number) => number {
  let state = seed | 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const ONSETS = ['b', 'c', 'd', 'f', 'g', 'l', 'm', 'n', 'p', 'r', 's', 't', 'v', 'st', 'tr', 'pl', 'ch', 'th', ''];
const RIMES = [
  'a',
  'e',
  'i',
  'o',
  'u',
  'an',
  'en',
  'in',
  'on',
  'er',
  'ar',
  'ent',
  'ing',
  'ion',
  'al',
  'es',
  'ed',
  'ly',
];

/** Words of two to four syllables, all different, in no order. */
export function vocabulary(count: number, seed: number): string[] {
  const random = randomSource(seed);
  const words = new Set<string>();
  while (words.size < count) {
    const syllables = Array.from(
      { length: 2 + random(3) },
      () => `${ONSETS[random(ONSETS.length)]}${RIMES[random(RIMES.length)]}`,
    );
    const word = syllables.join('');
    if (word.length >= 4) words.add(word);
  }
  return [...words];
}

const WORDS = vocabulary(6000, 7);

/** Literals to look for: one in ten is a word of the texts, though a rare one. */
export function keywords(count: number): string[] {
  const strangers = vocabulary(count * 4, 99).filter((word) => word.length >= 6 && !WORDS.includes(word));
  return Array.from({ length: count }, (_, i) =>
    i % 10 === 0 ? (WORDS[WORDS.length - 1 - i / 10] ?? '') : (strangers[i] ?? ''),
  );
}

type Line = (random: (below: number) => number) => string;

const digits = (random: (below: number) => number, count: number): string =>
  Array.from({ length: count }, () => random(10)).join('');

/** Prose: common words often, a number, a date or a card number now and then. */
const docs: Line = (random) => {
  const words = Array.from(
    { length: 8 + random(12) },
    () => WORDS[random(random(20) === 0 ? WORDS.length : 400)] ?? '',
  );
  if (random(6) === 0) words.push(`${1 + random(28)} ${2000 + random(30)}`, digits(random, 3 + random(5)));
  if (random(400) === 0) words.push([4, 4, 4, 4].map((n) => digits(random, n)).join(' '));
  const text = words.join(' ');
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.${random(5) === 0 ? '\n\n' : ' '}`;
};

/** An access log: addresses, timestamps, sizes, ids. */
const logs: Line = (random) =>
  `2026-11-${10 + random(19)} ${10 + random(14)}:${10 + random(50)}:${10 + random(50)}.${digits(random, 3)} ` +
  `10.${random(256)}.${random(256)}.${random(256)} GET /${WORDS[random(400)]}/${digits(random, 6)}?t=${digits(random, 10)} HTTP/1.1" ` +
  `${200 + random(300)} ${random(100_000)} ${random(3000)}ms id=${random(2 ** 31).toString(16)}${random(2 ** 31).toString(16)}\n`;

/** A table that is almost only digits: ids, amounts, timestamps, telephone numbers, card numbers among them. */
const csv: Line = (random) =>
  `${[
    digits(random, 8),
    digits(random, 4 + random(4)),
    `20${digits(random, 12)}`,
    `${digits(random, 5)}.${digits(random, 2)}`,
    `${digits(random, 3)}-${digits(random, 3)}-${digits(random, 4)}`,
    random(4) === 0 ? digits(random, 16) : digits(random, 6),
    digits(random, 10),
    `${digits(random, 4)}-${digits(random, 2)}-${digits(random, 2)}`,
  ].join(',')}\n`;

/** As `hexdump -C` prints: offset, sixteen bytes in hex, the same as text. */
const hexDump: Line = (random) => {
  const bytes = Array.from({ length: 16 }, () => (random(3) === 0 ? 32 + random(95) : random(256)));
  const hex = bytes.map((byte) => byte.toString(16).padStart(2, '0'));
  const text = bytes.map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '.')).join('');
  return `${random(2 ** 31)
    .toString(16)
    .padStart(8, '0')}  ${hex.slice(0, 8).join(' ')}  ${hex.slice(8).join(' ')}  |${text}|\n`;
};

function fill(name: ScanInput['name'], line: Line, size: number): ScanInput {
  const random = randomSource(4242);
  const lines: string[] = [];
  for (let length = 0; length < size;) {
    const next = line(random);
    lines.push(next);
    length += next.length;
  }
  return { name, bytes: new TextEncoder().encode(lines.join('')).subarray(0, size) };
}

/** @param size bytes of each */
export function scanInputs(size: number): ScanInput[] {
  return [fill('docs', docs, size), fill('logs', logs, size), fill('csv', csv, size), fill('hex dump', hexDump, size)];
}
