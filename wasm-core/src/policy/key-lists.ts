import { rangeToPrefixes } from '../lpm/range-to-prefixes.ts';
import { splitAroundIPv4 } from './destination.ts';
import type { AddressRange } from './destination.ts';

/** Members (rules, or lists) of keys, noted in pairs: hundreds of thousands of them, so in plain words. */
class Members {
  #pairs = new Uint32Array(1024);
  #length = 0;

  note(key: number, member: number): void {
    if (this.#length === this.#pairs.length) {
      const larger = new Uint32Array(2 * this.#length);
      larger.set(this.#pairs);
      this.#pairs = larger;
    }
    this.#pairs[this.#length++] = key;
    this.#pairs[this.#length++] = member;
  }

  /** Per key its members by their numbers in `renumbered`, ascending and each once. */
  byKey(keys: number, renumbered: Uint32Array): Uint32Array[] {
    const pairs = this.#pairs.subarray(0, this.#length);
    // Sorted by counting, first by member, then by key, which keeps the order among the members.
    const byMember = countingSort(pairs, renumbered.length, (at) => renumbered[pairs[at + 1] ?? 0] ?? 0);
    const starts = new Uint32Array(keys + 1);
    for (let at = 0; at < pairs.length; at += 2) {
      const next = (pairs[at] ?? 0) + 1;
      starts[next] = (starts[next] ?? 0) + 1;
    }
    for (let key = 0; key < keys; key++) starts[key + 1] = (starts[key + 1] ?? 0) + (starts[key] ?? 0);
    const ends = starts.slice(0, keys);
    const members = new Uint32Array(pairs.length / 2);
    for (const at of byMember) {
      const key = pairs[at] ?? 0;
      const member = renumbered[pairs[at + 1] ?? 0] ?? 0;
      const end = ends[key] ?? 0;
      if (end > (starts[key] ?? 0) && members[end - 1] === member) continue;
      members[end] = member;
      ends[key] = end + 1;
    }
    return Array.from(ends, (end, key) => members.subarray(starts[key], end));
  }
}

/** Where the pairs stand, by the number of each. */
function countingSort(pairs: Uint32Array, below: number, numberAt: (at: number) => number): Uint32Array {
  const ends = new Uint32Array(below + 1);
  for (let at = 0; at < pairs.length; at += 2) {
    const next = numberAt(at) + 1;
    ends[next] = (ends[next] ?? 0) + 1;
  }
  for (let number = 0; number < below; number++) ends[number + 1] = (ends[number + 1] ?? 0) + (ends[number] ?? 0);
  const sorted = new Uint32Array(pairs.length / 2);
  for (let at = 0; at < pairs.length; at += 2) {
    const number = numberAt(at);
    const place = ends[number] ?? 0;
    sorted[place] = at;
    ends[number] = place + 1;
  }
  return sorted;
}

/** The members of names, which are in the order in which they appear. */
export class NameLists {
  readonly #numbers = new Map<string, number>();
  readonly #members = new Members();

  add(name: string, member: number): void {
    let number = this.#numbers.get(name);
    if (number === undefined) {
      number = this.#numbers.size;
      this.#numbers.set(name, number);
    }
    this.#members.note(number, member);
  }

  get names(): string[] {
    return [...this.#numbers.keys()];
  }

  /** Per name. @param renumbered what each member is called in the image */
  members(renumbered: Uint32Array): Uint32Array[] {
    return this.#members.byKey(this.#numbers.size, renumbered);
  }
}

export interface PrefixKey {
  readonly base: bigint;
  readonly bits: number;
}

export interface PrefixMembers extends PrefixKey {
  readonly members: Uint32Array;
}

/** The members of prefixes. A range is the prefixes that it consists of. */
export class PrefixLists {
  readonly #numbers = new Map<string, number>();
  readonly #prefixes: PrefixKey[] = [];
  readonly #texts = new Map<string, readonly number[]>();
  readonly #members = new Members();

  /** @param parse is asked once for equal texts */
  add(text: string, parse: (text: string) => AddressRange, member: number): void {
    let numbers = this.#texts.get(text);
    if (numbers === undefined) {
      numbers = this.#numbersOf(parse(text));
      this.#texts.set(text, numbers);
    }
    for (const number of numbers) this.#members.note(number, member);
  }

  #numbersOf(range: AddressRange): number[] {
    const prefixes = splitAroundIPv4(range).flatMap(({ from, to }) => rangeToPrefixes(from, to));
    return prefixes.map((prefix) => {
      const name = `${prefix.base.toString(16)}/${prefix.bits}`;
      const known = this.#numbers.get(name);
      if (known !== undefined) return known;
      const number = this.#prefixes.push(prefix) - 1;
      this.#numbers.set(name, number);
      return number;
    });
  }

  /** By start, then length: what contains a prefix stands before it. */
  sorted(renumbered: Uint32Array): PrefixMembers[] {
    const members = this.#members.byKey(this.#prefixes.length, renumbered);
    return this.#prefixes
      .map(({ base, bits }, number) => ({ base, bits, members: members[number] ?? new Uint32Array() }))
      .sort((a, b) => (a.base < b.base ? -1 : a.base > b.base ? 1 : a.bits - b.bits));
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
