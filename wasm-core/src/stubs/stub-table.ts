import { CoreError } from '../errors.ts';
import {
  formatStub4,
  formatStub6,
  isStubName,
  parseNetwork4,
  readStubRange,
  STUB_LIMITS,
  stubOffset,
} from './stub-range.ts';
import type { StubRange } from './stub-range.ts';
import { readStubSnapshot, writeStubSnapshot } from './stub-snapshot.ts';
import type { StubEntry } from './stub-snapshot.ts';

export interface StubOptions {
  /** A network in CIDR form, /8 to /30; default 100.64.0.0/10. */
  readonly range?: string;
  /** A unique local network, /64 to /96, which the caller derives. Its stubs end in the bits of the IPv4 stub. */
  readonly range6?: string;
  /** IPv4 networks in CIDR form that are never given out, as those that the carrier or another VPN uses. */
  readonly reserved?: readonly string[];
  /** Names at most, 1 to 1,048,576; default 65,536. */
  readonly capacity?: number;
  /** How long after its last use a stub may mean another name, in seconds, 0 to 2^31 - 1; default one day. */
  readonly quarantine?: number;
}

/** The same object for as long as the name keeps its address. */
export interface Stub {
  readonly name: string;
  /** IPv4, dotted decimal. */
  readonly address: string;
  /** IPv6 in the form of RFC 5952; null without `range6`. */
  readonly address6: string | null;
}

export interface StubCounters {
  readonly stubs: number;
  readonly allocated: number;
  /** Of these, addresses that meant another name before. */
  readonly reused: number;
  readonly exhausted: number;
}

/** In a ring through the table's own, from the least to the most recently used. */
interface Node extends StubEntry, Stub {
  lastUsed: number;
  older: Node;
  newer: Node;
}

/**
 * Names ↔ stub addresses: what an agent's resolver answers, and what the name was when a packet to such an address
 * comes. Plain TypeScript, since a name would have to be copied into WebAssembly first, which takes as long as all of
 * the work here. `now` is whole seconds of the caller's clock, 0 to 2^32 - 1; going back, it stands still. Every look
 * at a stub is a use of it. Constant time per call, but for the walk over a reserved network while the range is new.
 */
export class StubTable {
  readonly #range: StubRange;
  readonly #capacity: number;
  readonly #quarantine: number;
  /** First and last offset, ascending. */
  readonly #reserved: readonly (readonly [number, number])[];
  readonly #byName = new Map<string, Node>();
  readonly #byOffset = new Map<number, Node>();
  readonly #ring: Node;
  readonly #counters = { allocated: 0, reused: 0, exhausted: 0 };
  /** The next offset that was never given out, as far as this table knows. */
  #next = 1;
  #clock = 0;

  /** Throws `CW_CORE_PREFIX` for a bad range, `CW_CORE_ARGUMENT` for a bad number. */
  constructor(options: StubOptions = {}) {
    const { range = '100.64.0.0/10', range6, reserved = [], capacity = 65_536, quarantine = 86_400 } = options;
    this.#range = readStubRange(range, range6);
    checkNumber(capacity, 1, STUB_LIMITS.stubs, 'the capacity');
    checkNumber(quarantine, 0, 0x7fff_ffff, 'the quarantine');
    this.#capacity = capacity;
    this.#quarantine = quarantine;
    this.#reserved = reserved
      .map((network) => {
        const { base, bits } = parseNetwork4(network);
        const first = base - this.#range.base;
        return [first, first + 2 ** (32 - bits) - 1] as const;
      })
      .toSorted((a, b) => a[0] - b[0]);
    const ring = { name: '', address: '', address6: null, offset: 0, lastUsed: 0 } as Node;
    ring.older = ring;
    ring.newer = ring;
    this.#ring = ring;
  }

  /**
   * A table that goes on where `snapshot` was taken. What lies in a network that is reserved by now is forgotten. Times
   * after `now` count as `now`. Throws `CW_CORE_SNAPSHOT` for bytes of another version, range or author, and for more
   * names than the capacity.
   */
  static restore(snapshot: Uint8Array, now: number, options: StubOptions = {}): StubTable {
    const table = new StubTable(options);
    checkTime(now);
    const entries = readStubSnapshot(snapshot, table.#range);
    if (entries.length > table.#capacity)
      throw new CoreError('CW_CORE_SNAPSHOT', 'the stub snapshot has more names than the capacity');
    for (const { name, offset, lastUsed } of entries) {
      if (table.#reservedEnd(offset) < 0) table.#insert(name, offset, Math.min(lastUsed, now));
    }
    return table;
  }

  /**
   * The stub of a name: the one it has, a new one, or the one unused for longest if its quarantine is over. Throws
   * `CW_CORE_NAME` for a name that is not in lower case A-labels without a dot at the end, `CW_CORE_STUBS` where none
   * is to be had.
   */
  allocate(name: string, now: number): Stub {
    this.#tick(now);
    const known = this.#byName.get(name);
    if (known !== undefined) {
      this.#use(known);
      return known;
    }
    if (!isStubName(name)) throw new CoreError('CW_CORE_NAME', `not a host name: ${JSON.stringify(name.slice(0, 60))}`);
    const offset = this.#byName.size < this.#capacity ? this.#fresh() : -1;
    return offset >= 0 ? this.#added(name, offset) : this.#reuse(name);
  }

  /** The name that an address, IPv4 or IPv6, stands for; undefined for one that stands for none. */
  lookupAddress(address: string, now: number): string | undefined {
    this.#tick(now);
    const node = this.#byOffset.get(stubOffset(this.#range, address));
    if (node !== undefined) this.#use(node);
    return node?.name;
  }

  /** For `restore`; the caller keeps it. 40 bytes, and 9 and the name for each stub. */
  snapshot(): Uint8Array {
    const entries: StubEntry[] = [];
    for (let node = this.#ring.newer; node !== this.#ring; node = node.newer) entries.push(node);
    return writeStubSnapshot(this.#range, entries);
  }

  counters(): StubCounters {
    return { stubs: this.#byName.size, ...this.#counters };
  }

  #tick(now: number): void {
    checkTime(now);
    if (now > this.#clock) this.#clock = now;
  }

  /** The last offset of the reserved network that has this one, or -1. */
  #reservedEnd(offset: number): number {
    const network = this.#reserved.find(([first, last]) => first <= offset && offset <= last);
    return network === undefined ? -1 : network[1];
  }

  /** An offset that means no name, or -1. Neither end of the range: they are the network and the broadcast address. */
  #fresh(): number {
    const end = 2 ** (32 - this.#range.bits) - 1;
    while (this.#next < end) {
      const reservedEnd = this.#reservedEnd(this.#next);
      if (reservedEnd >= 0) this.#next = reservedEnd + 1;
      else if (this.#byOffset.has(this.#next)) this.#next++;
      else return this.#next++;
    }
    return -1;
  }

  #reuse(name: string): Stub {
    const oldest = this.#ring.newer;
    if (oldest === this.#ring || this.#clock - oldest.lastUsed < this.#quarantine) {
      this.#counters.exhausted++;
      throw new CoreError('CW_CORE_STUBS');
    }
    this.#byName.delete(oldest.name);
    this.#byOffset.delete(oldest.offset);
    oldest.older.newer = oldest.newer;
    oldest.newer.older = oldest.older;
    this.#counters.reused++;
    return this.#added(name, oldest.offset);
  }

  #added(name: string, offset: number): Stub {
    this.#counters.allocated++;
    return this.#insert(name, offset, this.#clock);
  }

  #insert(name: string, offset: number, lastUsed: number): Stub {
    const ring = this.#ring;
    const node: Node = {
      name,
      address: formatStub4(this.#range, offset),
      address6: formatStub6(this.#range, offset),
      offset,
      lastUsed,
      older: ring.older,
      newer: ring,
    };
    ring.older.newer = node;
    ring.older = node;
    this.#byName.set(name, node);
    this.#byOffset.set(offset, node);
    if (lastUsed > this.#clock) this.#clock = lastUsed;
    return node;
  }

  #use(node: Node): void {
    node.lastUsed = this.#clock;
    const ring = this.#ring;
    if (ring.older === node) return;
    node.older.newer = node.newer;
    node.newer.older = node.older;
    node.older = ring.older;
    node.newer = ring;
    ring.older.newer = node;
    ring.older = node;
  }
}

function checkNumber(value: number, from: number, to: number, what: string): void {
  if (!Number.isInteger(value) || value < from || value > to)
    throw new CoreError('CW_CORE_ARGUMENT', `${what} is ${from} to ${to}, not ${String(value)}`);
}

const checkTime = (now: number): void => checkNumber(now, 0, 0xffff_ffff, 'the time');
