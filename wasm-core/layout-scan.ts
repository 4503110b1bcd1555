import { bytes } from './layout-schema.ts';
import type { NumbersDefinition, RecordDefinition } from './layout-schema.ts';

/** The records of scan.wasm. */
export const SCAN_RECORDS: readonly RecordDefinition[] = [
  {
    name: 'scanHit',
    about: 'What a scanner found. `end` counts from the start of the chunk, and is 0 or less for what ended before it.',
    size: 12,
    align: 4,
    fields: [
      { name: 'what', type: 'u32' },
      { name: 'end', type: 'i32' },
      { name: 'length', type: 'u32' },
    ],
  },
  {
    name: 'scanLiteral',
    about:
      'A literal to compare: its last 16 bytes, text where (byte | fold) & mask equals it; place in `rests` of more.',
    size: 64,
    align: 16,
    fields: [
      { name: 'mask', type: bytes(16) },
      { name: 'fold', type: bytes(16) },
      { name: 'text', type: bytes(16) },
      { name: 'length', type: 'u32' },
      { name: 'index', type: 'u32' },
      { name: 'rest', type: 'u32' },
      { name: 'unused', type: 'u32' },
    ],
  },
  {
    name: 'scanEnding',
    about: 'Last four or six bytes of literals, folded; the literals [first, behind) have them. `behind` 0: no ending.',
    size: 16,
    align: 8,
    fields: [
      { name: 'key', type: 'u64' },
      { name: 'first', type: 'u32' },
      { name: 'behind', type: 'u32' },
    ],
  },
  {
    name: 'scanClass',
    about:
      'A class of bytes: by low nibble a bit for each high nibble, 0 to 7 and 8 to 15; the bit of each high nibble.',
    size: 48,
    align: 16,
    fields: [
      { name: 'lower', type: bytes(16) },
      { name: 'upper', type: bytes(16) },
      { name: 'bits', type: bytes(16) },
    ],
  },
  {
    name: 'scanReport',
    about: 'A reporting state of the automaton: its first literal and the next reporting suffix, 2^32 - 1 for none.',
    size: 8,
    align: 4,
    fields: [
      { name: 'literal', type: 'u32' },
      { name: 'suffix', type: 'u32' },
    ],
  },
  {
    name: 'scanSame',
    about: 'A literal of the automaton: the next one with the same bytes, 2^32 - 1 for none, and its length.',
    size: 8,
    align: 4,
    fields: [
      { name: 'next', type: 'u32' },
      { name: 'length', type: 'u32' },
    ],
  },
  {
    name: 'scanGroup',
    about: 'A group of digits: where it begins, and of all digits before it in its run the count and the two sums.',
    size: 16,
    align: 4,
    fields: [
      { name: 'start', type: 'i32' },
      { name: 'before', type: 'u32' },
      { name: 'even', type: 'u32' },
      { name: 'odd', type: 'u32' },
    ],
  },
];

/** The numbers of scan.wasm. */
export const SCAN_NUMBERS: readonly NumbersDefinition[] = [
  {
    name: 'scan',
    about: 'Bytes before and behind the input that are read; how endings are folded and hashed; of the automaton.',
    type: 'u32',
    values: {
      history: 256,
      pad: 64,
      fold: 0x2020_2020,
      hashHigh: 0x9e37_79b9,
      hashLow: 0x7f4a_7c15,
      classes: 256,
      none: 0xffff_ffff,
    },
  },
  {
    name: 'scanTeddy',
    about: 'Where the sections lie behind the masks: first literals of the eight buckets and their end, literals.',
    type: 'u32',
    values: { starts: 128, literals: 176 },
  },
];
