/**
 * The flow table's lookup and rewrite in the fastest plain TypeScript found: the same open addressing over typed
 * arrays, for IPv4 and TCP, with a 32-bit hash since numbers have no 64-bit multiplication. A peer for measurements.
 */
const WORDS = 16;
const PORTS = 2;
const STATE = 6;
const EXPIRES = 7;
const ADDRESS_DELTA = 8;
const PORT_DELTA = 9;
const PACKETS = 10;
const BYTES = 12;
/** Packets whose index and entries are read ahead together. */
const GROUP = 64;
const TIMEOUTS = Uint32Array.of(0, 240, 240, 7440, 240, 240);

const swap = (ports: number): number => ((ports << 16) | (ports >>> 16)) >>> 0;
const fold = (sum: number): number => (sum & 0xffff) + (sum >>> 16);
const adjust = (checksum: number, delta: number): number => ~fold((~checksum & 0xffff) + delta) & 0xffff;

export class PlainNat {
  readonly packets: Uint8Array;
  readonly #words: Uint32Array;
  readonly #halves: Uint16Array;
  readonly #slots: Uint32Array;
  readonly #mask: number;
  readonly #entries: Uint32Array;
  readonly #homes = new Uint32Array(GROUP);
  #count = 0;
  /** Keeps the reads ahead. */
  sink = 0;

  constructor(flows: number, packetBytes: number) {
    const buffer = new ArrayBuffer(packetBytes);
    this.packets = new Uint8Array(buffer);
    this.#words = new Uint32Array(buffer);
    this.#halves = new Uint16Array(buffer);
    let slots = 16;
    while (slots < flows * 4) slots *= 2;
    this.#slots = new Uint32Array(slots);
    this.#mask = slots - 1;
    this.#entries = new Uint32Array(flows * WORDS);
  }

  /** Keys as three words each, in the byte order of the wire read little-endian. */
  open(outward: Uint32Array, inward: Uint32Array, now: number): void {
    const flow = this.#count++;
    const entry = flow * WORDS;
    this.#entries.set(outward, entry);
    this.#entries.set(inward, entry + 3);
    this.#entries[entry + STATE] = 1;
    this.#entries[entry + EXPIRES] = now + 240;
    const sum = (word: number): number => (word & 0xffff) + (word >>> 16);
    const [a = 0, b = 0, c = 0] = outward;
    const [d = 0, e = 0, f = 0] = inward;
    const difference = (value: number): number => fold(fold(value + 0xffff * 32));
    this.#entries[entry + ADDRESS_DELTA] = difference(sum(d) + sum(e) - sum(a) - sum(b));
    this.#entries[entry + PORT_DELTA] = difference(sum(f) - sum(c));
    for (const reference of [flow * 2, flow * 2 + 1]) {
      const key = entry + (reference & 1) * 3;
      let at =
        this.#hash(this.#entries[key] ?? 0, this.#entries[key + 1] ?? 0, this.#entries[key + PORTS] ?? 0) & this.#mask;
      while (this.#slots[at] !== 0) at = (at + 1) & this.#mask;
      this.#slots[at] = reference + 1;
    }
  }

  /** As `FlowTable.translate`, for packets that begin at multiples of 4. How many were rewritten. */
  translate(descriptors: Uint32Array, answers: Int32Array, count: number, now: number): number {
    let done = 0;
    for (let i = 0; i < count; i++) {
      const reference = this.#one(descriptors[i * 2]!, descriptors[i * 2 + 1]!, now);
      answers[i] = reference;
      if (reference >= 0) done++;
    }
    return done;
  }

  /** The same, reading ahead in groups as the WebAssembly does. */
  translateGrouped(descriptors: Uint32Array, answers: Int32Array, count: number, now: number): number {
    const words = this.#words;
    let done = 0;
    let sink = 0;
    for (let from = 0; from < count; from += GROUP) {
      const end = Math.min(from + GROUP, count);
      for (let i = from; i < end; i++) {
        const offset = descriptors[i * 2]!;
        const word = offset >>> 2;
        const transport = (offset + (this.packets[offset]! & 15) * 4) >>> 2;
        const hash = this.#hash(words[word + 3]!, words[word + 4]!, words[transport]!);
        sink ^= this.#slots[(this.#homes[i - from] = hash & this.#mask)]!;
      }
      for (let i = 0; i < end - from; i++) {
        const slot = this.#slots[this.#homes[i]!]!;
        if (slot !== 0) sink ^= this.#entries[((slot - 1) >>> 1) * WORDS]!;
      }
      for (let i = from; i < end; i++) {
        const reference = this.#one(descriptors[i * 2]!, descriptors[i * 2 + 1]!, now);
        answers[i] = reference;
        if (reference >= 0) done++;
      }
    }
    this.sink = sink;
    return done;
  }

  #hash(a: number, b: number, ports: number): number {
    let hash = Math.imul(a ^ 0x12345678, 0x9e3779b1);
    hash = Math.imul(((hash << 13) | (hash >>> 19)) ^ b, 0x85ebca77);
    hash = Math.imul(((hash << 13) | (hash >>> 19)) ^ ports, 0xc2b2ae3d);
    return hash ^ (hash >>> 15);
  }

  #one(offset: number, length: number, now: number): number {
    const { packets } = this;
    if (length < 20 || offset + length > packets.length) return -6;
    const first = packets[offset]!;
    const header = (first & 15) * 4;
    const total = (packets[offset + 2]! << 8) | packets[offset + 3]!;
    if (first >> 4 !== 4 || header < 20 || total > length || header + 20 > total) return -6;
    if ((packets[offset + 6]! & 0x3f) !== 0 || packets[offset + 7] !== 0 || packets[offset + 9] !== 6) return -5;
    const tcp = (packets[offset + header + 12]! >> 4) * 4;
    if (tcp < 20 || header + tcp > total) return -6;
    const words = this.#words;
    const word = offset >>> 2;
    const transport = (offset + header) >>> 2;
    const reference = this.#find(words[word + 3]!, words[word + 4]!, words[transport]!);
    if (reference < 0) return -1;
    const entries = this.#entries;
    const entry = (reference >>> 1) * WORDS;
    if (now >= entries[entry + EXPIRES]!) return -1;
    const inward = reference & 1;
    const other = inward === 1 ? entry : entry + 3;
    const flip = inward === 1 ? 0xffff : 0;
    const address = entries[entry + ADDRESS_DELTA]! ^ flip;
    const both = fold(address + (entries[entry + PORT_DELTA]! ^ flip));
    const halves = this.#halves;
    words[word + 3] = entries[other + 1]!;
    words[word + 4] = entries[other]!;
    words[transport] = swap(entries[other + PORTS]!);
    const sum = (offset >>> 1) + 5;
    halves[sum] = adjust(halves[sum]!, address);
    const tcpSum = transport * 2 + 8;
    halves[tcpSum] = adjust(halves[tcpSum]!, both);
    entries[entry + PACKETS + inward]!++;
    entries[entry + BYTES + inward]! += length;
    const state = this.#next(entry, inward, packets[offset + header + 13]!);
    entries[entry + EXPIRES] = now + TIMEOUTS[state]!;
    return reference;
  }

  #find(a: number, b: number, ports: number): number {
    const entries = this.#entries;
    for (let at = this.#hash(a, b, ports) & this.#mask; ; at = (at + 1) & this.#mask) {
      const slot = this.#slots[at]!;
      if (slot === 0) return -1;
      const key = ((slot - 1) >>> 1) * WORDS + ((slot - 1) & 1) * 3;
      if (entries[key] === a && entries[key + 1] === b && entries[key + PORTS] === ports) return slot - 1;
    }
  }

  #next(entry: number, inward: number, flags: number): number {
    const before = this.#entries[entry + STATE]!;
    let state = before;
    if ((flags & 4) !== 0) state = 5;
    else if (before === 1 && inward === 1 && (flags & 16) !== 0) state = 2;
    else if (before === 2 && inward === 0 && (flags & 18) === 16) state = 3;
    if ((flags & 1) !== 0) state = 4;
    this.#entries[entry + STATE] = state;
    return state;
  }
}
