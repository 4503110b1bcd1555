import { canonicalName, isIPv4Number, parseHostPattern, type HostPattern } from '@causeway/contract';
import type { Target } from './policy.ts';
import type { Steps } from './steps.ts';

const MAPPED_LAST = 0xffff_ffff_ffffn;

/**
 * The destinations within a host pattern that rules tell apart: whatever lies in the pattern is decided like one of
 * them. So asking for these says what a device may reach there, as asking for every name below `*.corp.example` or
 * every address of a network could. A pattern has one for itself and one or two for each entry of a rule within it.
 */
export class DestinationPoints {
  readonly #names = new Set<string>();
  readonly #suffixes = new Set<string>();
  /** Where rules' ranges begin, and behind their ends; ascending. */
  #edges: readonly bigint[] = [];
  /** By suffix: the names and wildcards of rules below it. */
  readonly #below = new Map<string, Set<string>>();

  private constructor() {}

  /** @param destinations the distinct ones that rules name */
  static *building(destinations: Iterable<string>): Steps<DestinationPoints> {
    const points = new DestinationPoints();
    const edges = new Set<bigint>([MAPPED_LAST + 1n]); // behind IPv4, which a range of IPv6 around it leaves out
    for (const text of destinations) {
      const pattern = parseHostPattern(text);
      if (pattern?.kind === 'name') points.#names.add(pattern.name);
      else if (pattern?.kind === 'wildcard') points.#suffixes.add(pattern.suffix);
      else if (pattern?.kind === 'range') edges.add(pattern.from).add(pattern.to + 1n);
      yield;
    }
    points.#edges = [...edges].toSorted((a, b) => (a < b ? -1 : 1));
    for (const name of points.#names) yield points.#put(name, name);
    for (const suffix of points.#suffixes) yield points.#put(suffix, `*.${suffix}`);
    return points;
  }

  /** Whether no rule asks where a flow goes, so that all hosts of an app are alike. */
  get none(): boolean {
    return this.#names.size === 0 && this.#suffixes.size === 0 && this.#edges.length === 1;
  }

  of(pattern: HostPattern): Target['host'][] {
    if (pattern.kind === 'name') return [pattern.name];
    if (pattern.kind === 'range') return this.#inRange(pattern.from, pattern.to).map(bytesOf);
    const entries = [...(this.#below.get(pattern.suffix) ?? [])];
    const named = entries.map((entry) => (entry.startsWith('*.') ? this.#unnamedBelow(entry.slice(2)) : entry));
    return [this.#unnamedBelow(pattern.suffix), ...named].filter((name) => name !== null);
  }

  #put(name: string, entry: string): void {
    for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
      const suffix = name.slice(dot + 1);
      const entries = this.#below.get(suffix);
      if (entries === undefined) this.#below.set(suffix, new Set([entry]));
      else entries.add(entry);
    }
  }

  /** A name below the suffix that no rule names; `null` where the suffix is too long to have one. */
  #unnamedBelow(suffix: string): string | null {
    let label = 'x';
    while (this.#names.has(`${label}.${suffix}`) || this.#suffixes.has(`${label}.${suffix}`)) label += 'x';
    return canonicalName(`${label}.${suffix}`);
  }

  #inRange(from: bigint, to: bigint): bigint[] {
    let low = 0;
    for (let high = this.#edges.length; low < high;) {
      const middle = (low + high) >> 1;
      if ((this.#edges[middle] ?? 0n) <= from) low = middle + 1;
      else high = middle;
    }
    const points = [from];
    for (let edge = this.#edges[low]; edge !== undefined && edge <= to; edge = this.#edges[++low]) points.push(edge);
    return points.filter((point) => isIPv4Number(point) === isIPv4Number(from));
  }
}

function bytesOf(address: bigint): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, address >> 64n);
  view.setBigUint64(8, BigInt.asUintN(64, address));
  return bytes;
}
