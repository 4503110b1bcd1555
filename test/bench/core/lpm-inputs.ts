import type { LpmEntry } from '@causeway/wasm-core';
import { randomNumbers } from './policy-inputs.ts';

export type LpmFamily = 'ipv4' | 'ipv6';

export interface LpmInput {
  readonly name: string;
  readonly family: LpmFamily;
  readonly entries: readonly (LpmEntry & { readonly prefix: string })[];
  /** Looked up: random ones of the same kind and, but for `spread`, as many inside of a random prefix. */
  readonly addresses: readonly string[];
}

type Next = (below: number) => number;

const PREFIXES = 100_000;
const ADDRESSES = 65_536;
const WIDTH = { ipv4: 32, ipv6: 128 } as const;

/** An address as a number, written as text. */
function format(family: LpmFamily, address: bigint): string {
  const groups = (count: number, bits: number): bigint[] =>
    Array.from({ length: count }, (_, i) => (address >> BigInt(bits * (count - 1 - i))) & ((1n << BigInt(bits)) - 1n));
  if (family === 'ipv4') return groups(4, 8).join('.');
  const text = groups(8, 16)
    .map((group) => group.toString(16))
    .join(':');
  return text.replace(/(?:^|:)0(?::0)+(?::|$)/, '::');
}

/** `bits` random bits at the end of `base`. */
function below(base: bigint, bits: number, next: Next): bigint {
  let random = 0n;
  for (let i = 0; i < 128; i += 16) random = (random << 16n) | BigInt(next(65_536));
  const mask = (1n << BigInt(bits)) - 1n;
  return (base & ~mask) | (random & mask);
}

/** Of `[length, share]` pairs one length, by its share. */
function pick(shares: readonly (readonly [number, number])[], next: Next): number {
  let left = next(shares.reduce((sum, [, share]) => sum + share, 0));
  for (const [length, share] of shares) {
    if (left < share) return length;
    left -= share;
  }
  return 0;
}

interface Kind {
  readonly name: string;
  readonly family: LpmFamily;
  /** A random address of the networks that the table is about. */
  readonly anywhere: (next: Next) => bigint;
  readonly lengths: readonly (readonly [number, number])[];
  /** Share in a hundred of prefixes that lie inside of one that came before. */
  readonly nested: number;
  /** Share in a hundred of looked up addresses that lie inside of a prefix. */
  readonly inside: number;
}

const even = (from: number, to: number): [number, number][] =>
  Array.from({ length: to - from + 1 }, (_, i) => [from + i, 1]);

/** The first 16 bits of what the registries give out, about as often as it is seen. */
const IPV6_BLOCKS = [
  0x2001, 0x2400, 0x2401, 0x2402, 0x2403, 0x2404, 0x2405, 0x2406, 0x2407, 0x2408, 0x2409, 0x240e, 0x2600, 0x2602,
  0x2603, 0x2604, 0x2605, 0x2606, 0x2607, 0x2620, 0x2800, 0x2801, 0x2803, 0x2804, 0x2806, 0x2a00, 0x2a01, 0x2a02,
  0x2a03, 0x2a04, 0x2a05, 0x2a06, 0x2a07, 0x2a09, 0x2a0a, 0x2a0b, 0x2a0c, 0x2a0d, 0x2a0e, 0x2a0f, 0x2a10, 0x2c0f,
];

const KINDS: readonly Kind[] = [
  {
    name: 'spread evenly',
    family: 'ipv4',
    anywhere: (next) => below(BigInt(1 + next(220)) << 24n, 24, next),
    lengths: even(12, 24),
    nested: 0,
    inside: 0,
  },
  {
    name: 'as routed on the Internet',
    family: 'ipv4',
    anywhere: (next) => below(BigInt(1 + next(222)) << 24n, 24, next),
    lengths: [
      [24, 60],
      [23, 10],
      [22, 11],
      [21, 5],
      [20, 4],
      [19, 3],
      [18, 1],
      [17, 1],
      [16, 2],
      [12, 1],
      [29, 1],
      [32, 1],
    ],
    nested: 55,
    inside: 50,
  },
  {
    name: 'networks and hosts of 10.0.0.0/8',
    family: 'ipv4',
    anywhere: (next) => below(10n << 24n, 24, next),
    lengths: [
      [32, 50],
      [24, 30],
      [28, 10],
      [20, 8],
      [16, 2],
    ],
    nested: 50,
    inside: 50,
  },
  {
    name: 'spread evenly',
    family: 'ipv6',
    anywhere: (next) => below(2n << 124n, 124, next),
    lengths: even(20, 49),
    nested: 0,
    inside: 0,
  },
  {
    name: 'as routed on the Internet',
    family: 'ipv6',
    anywhere: (next) => below(BigInt(IPV6_BLOCKS[next(IPV6_BLOCKS.length)] ?? 0) << 112n, 112, next),
    lengths: [
      [48, 47],
      [32, 14],
      [44, 12],
      [40, 10],
      [36, 5],
      [29, 5],
      [33, 2],
      [46, 2],
      [47, 1],
      [64, 1],
      [128, 1],
    ],
    nested: 70,
    inside: 50,
  },
  {
    name: 'networks and hosts of one /48',
    family: 'ipv6',
    anywhere: (next) => below(0xfd12_3456_789an << 80n, 80, next),
    lengths: [
      [128, 50],
      [64, 40],
      [56, 10],
    ],
    nested: 50,
    inside: 50,
  },
];

function inputOf({ name, family, anywhere, lengths, nested, inside }: Kind): LpmInput {
  const next = randomNumbers(3);
  const width = WIDTH[family];
  const bases: { base: bigint; length: number }[] = [];
  for (let i = 0; i < PREFIXES; i++) {
    const length = pick(lengths, next);
    const outer = next(100) < nested ? bases[next(Math.max(1, i))] : undefined;
    const base =
      outer === undefined || outer.length >= length ? anywhere(next) : below(outer.base, width - outer.length, next);
    bases.push({ base: (base >> BigInt(width - length)) << BigInt(width - length), length });
  }
  const addresses = Array.from({ length: ADDRESSES }, () => {
    const around = next(100) < inside ? bases[next(PREFIXES)] : undefined;
    return around === undefined ? anywhere(next) : below(around.base, width - around.length, next);
  });
  return {
    name,
    family,
    entries: bases.map(({ base, length }, value) => ({ prefix: `${format(family, base)}/${length}`, value })),
    addresses: addresses.map((address) => format(family, address)),
  };
}

/** Tables of 100,000 prefixes, each with what is looked up in it; made when asked for, as they are large. */
export const lpmInputs = (): LpmInput[] => KINDS.map(inputOf);

/** 4 or 16 bytes each in network order, back to back. */
export function packAddresses(family: LpmFamily, addresses: readonly string[]): Uint8Array {
  return Uint8Array.from(
    addresses.flatMap((text) => (family === 'ipv4' ? text.split('.').map(Number) : bytesOf(text))),
  );
}

function bytesOf(text: string): number[] {
  const [head = [], tail = []] = text.split('::').map((half) => half.split(':').filter((group) => group !== ''));
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => '0');
  return [...head, ...zeros, ...tail].flatMap((group) => [
    Number.parseInt(group, 16) >> 8,
    Number.parseInt(group, 16) & 255,
  ]);
}
