import { rangeToPrefixes } from '../lpm/range-to-prefixes.ts';
import { splitAroundIPv4 } from './destination.ts';
import type { AddressRange } from './destination.ts';

/** Members come in ascending order, so one noted already is the last one. */
export function note(list: number[], member: number): void {
  if (list.at(-1) !== member) list.push(member);
}

/** Ascending members (rules, or lists) per name, in the order in which names appear. */
export class NameLists {
  readonly lists = new Map<string, number[]>();

  add(name: string, member: number): void {
    const list = this.lists.get(name);
    if (list === undefined) this.lists.set(name, [member]);
    else note(list, member);
  }
}

export interface PrefixKey {
  readonly base: bigint;
  readonly bits: number;
  readonly members: number[];
}

/** Ascending members per prefix. A range is the prefixes that it consists of. */
export class PrefixLists {
  readonly #known = new Map<string, PrefixKey>();
  readonly #texts = new Map<string, readonly PrefixKey[]>();

  /** Equal texts are parsed once. */
  addText(text: string, parse: (text: string) => AddressRange, member: number): void {
    let keys = this.#texts.get(text);
    if (keys === undefined) {
      keys = this.#keysOf(parse(text));
      this.#texts.set(text, keys);
    }
    for (const { members } of keys) note(members, member);
  }

  add(range: AddressRange, member: number): void {
    for (const { members } of this.#keysOf(range)) note(members, member);
  }

  #keysOf(range: AddressRange): PrefixKey[] {
    return splitAroundIPv4(range).flatMap(({ from, to }) =>
      rangeToPrefixes(from, to).map(({ base, bits }) => {
        const name = `${base.toString(36)}/${bits}`;
        const known = this.#known.get(name);
        if (known !== undefined) return known;
        const made = { base, bits, members: [] };
        this.#known.set(name, made);
        return made;
      }),
    );
  }

  get size(): number {
    return this.#known.size;
  }

  /** By start, then length: what contains a prefix stands before it. */
  sorted(): PrefixKey[] {
    return [...this.#known.values()].sort((a, b) => (a.base < b.base ? -1 : a.base > b.base ? 1 : a.bits - b.bits));
  }
}

/** The innermost prefix around each, as its index; -1 where there is none. */
export function parentsOf(sorted: readonly PrefixKey[]): Int32Array {
  const parents = new Int32Array(sorted.length);
  const open: { last: bigint; index: number }[] = [];
  for (const [index, { base, bits }] of sorted.entries()) {
    while ((open.at(-1)?.last ?? base) < base) open.pop();
    parents[index] = open.at(-1)?.index ?? -1;
    open.push({ last: base + (1n << BigInt(128 - bits)) - 1n, index });
  }
  return parents;
}
