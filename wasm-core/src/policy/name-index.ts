/**
 * Finds names that lie one behind the other in a text, without a string for each: a policy names tens of thousands of
 * people and groups, and a `Map` of those costs more than all else of loading it. An open hash table of numbers, half
 * empty at least, with linear probing. The names are the policy's own; nobody else can make them collide.
 */
export class NameIndex {
  readonly size: number;
  readonly #text: string;
  /** Where each name begins, and the last ends. */
  readonly #starts: Uint32Array;
  /** The number of a name and 1; 0 where there is none. */
  readonly #slots: Uint32Array;
  /** Of names that stand twice the first alone is found. */
  readonly isDistinct: boolean;

  constructor(text: string, starts: Uint32Array) {
    this.size = starts.length - 1;
    this.#text = text;
    this.#starts = starts;
    this.#slots = new Uint32Array(2 ** Math.ceil(Math.log2(2 * this.size + 2)));
    let isDistinct = true;
    for (let number = 0; number < this.size; number++) {
      const slot = this.#slotOf(text, starts[number] ?? 0, starts[number + 1] ?? 0);
      if (this.#slots[slot] === 0) this.#slots[slot] = number + 1;
      else isDistinct = false;
    }
    this.isDistinct = isDistinct;
  }

  /** The name's number, -1 where there is no such name. */
  find(name: string): number {
    return (this.#slots[this.#slotOf(name, 0, name.length)] ?? 0) - 1;
  }

  /** In the order of their numbers. */
  names(): string[] {
    return Array.from({ length: this.size }, (_, i) => this.#text.slice(this.#starts[i], this.#starts[i + 1]));
  }

  /** Where the name stands in the table, or would. */
  #slotOf(text: string, from: number, to: number): number {
    const mask = this.#slots.length - 1;
    // FNV-1a over UTF-16, its high bits mixed into those that are used.
    let hash = 0x811c9dc5;
    for (let at = from; at < to; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
    for (let slot = (hash ^ (hash >>> 15)) & mask; ; slot = (slot + 1) & mask) {
      const number = this.#slots[slot] ?? 0;
      if (number === 0 || this.#equals(number - 1, text, from, to)) return slot;
    }
  }

  #equals(number: number, text: string, from: number, to: number): boolean {
    const start = this.#starts[number] ?? 0;
    if ((this.#starts[number + 1] ?? 0) - start !== to - from) return false;
    for (let at = from; at < to; at++) {
      if (this.#text.charCodeAt(start + at - from) !== text.charCodeAt(at)) return false;
    }
    return true;
  }
}
