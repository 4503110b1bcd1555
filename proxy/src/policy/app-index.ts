import {
  isIPv4,
  isIPv4Number,
  parseHostPattern,
  parsePortRange,
  type PortRange,
  type PrivateApp,
} from '@causeway/contract';
import { LpmTable, rangeToPrefixes } from '@causeway/wasm-core';
import type { Steps } from './steps.ts';

/** A range of addresses of an app. */
interface AddressRange {
  readonly from: bigint;
  readonly to: bigint;
  readonly app: number;
}

/** A prefix with the ranges that gave it, and the next wider prefix around it. */
interface Network {
  readonly base: bigint;
  readonly bits: number;
  readonly ranges: AddressRange[];
  around: Network | null;
}

/** Finds apps by what people and devices call them. Built once per snapshot. */
export class AppIndex {
  readonly #byUrl = new Map<string, number>();
  readonly #byName = new Map<string, number[]>();
  readonly #bySuffix = new Map<string, number[]>();
  #byAddress = LpmTable.build([]);
  /** By the table's value. */
  #networks: readonly Network[] = [];
  readonly #ports: (readonly PortRange[])[] = [];

  private constructor() {}

  static *building(apps: readonly PrivateApp[]): Steps<AppIndex> {
    const index = new AppIndex();
    const ranges: AddressRange[] = [];
    for (const [number, app] of apps.entries()) {
      index.#ports.push(app.ports.map(parsePortRange));
      for (const url of app.clientless?.urls ?? []) index.#byUrl.set(url, number);
      for (const host of app.hosts) {
        const pattern = parseHostPattern(host);
        if (pattern === null) continue; // the schema refused it before
        if (pattern.kind === 'name') append(index.#byName, pattern.name, number);
        else if (pattern.kind === 'wildcard') append(index.#bySuffix, pattern.suffix, number);
        else ranges.push({ from: pattern.from, to: pattern.to, app: number });
      }
      yield;
    }
    index.#networks = yield* nestedNetworks(ranges);
    index.#byAddress = LpmTable.build(index.#networks.map(({ base, bits }, value) => ({ base, bits, value })));
    return index;
  }

  /** @returns the app's number whose custom URL this is, or -1 */
  byUrl(host: string): number {
    return this.#byUrl.get(host) ?? -1;
  }

  /**
   * The app that has `host` (a canonical name or an address) on `port`: an exact name before the longest wildcard, the smallest range for
   * addresses, each only where it has the port; among apps of one host the first. -1 when there is none.
   */
  byTarget(host: string, port: number): number {
    // A canonical name has no colon.
    if (isIPv4(host) || host.includes(':')) {
      return this.#byRange(this.#networks[this.#byAddress.lookup(host)] ?? null, port);
    }
    const exact = this.#withPort(this.#byName.get(host), port);
    if (exact >= 0) return exact;
    for (let dot = host.indexOf('.'); dot >= 0; dot = host.indexOf('.', dot + 1)) {
      const found = this.#withPort(this.#bySuffix.get(host.slice(dot + 1)), port);
      if (found >= 0) return found;
    }
    return -1;
  }

  #byRange(innermost: Network | null, port: number): number {
    let best: AddressRange | null = null;
    for (let network = innermost; network !== null; network = network.around) {
      for (const range of network.ranges) {
        const smaller = best === null || range.to - range.from < best.to - best.from;
        if (smaller && this.#hasPort(range.app, port)) best = range;
      }
    }
    return best?.app ?? -1;
  }

  #withPort(apps: readonly number[] | undefined, port: number): number {
    return apps?.find((app) => this.#hasPort(app, port)) ?? -1;
  }

  #hasPort(app: number, port: number): boolean {
    const ports = this.#ports[app] ?? [];
    return ports.some(({ protocol, from, to }) => protocol === 'tcp' && from <= port && port <= to);
  }
}

/** The distinct prefixes of all ranges, each linked to the one around it: an outer app may have a port that the inner lacks. */
function* nestedNetworks(ranges: readonly AddressRange[]): Steps<Network[]> {
  const distinct = new Map<string, Network>();
  for (const range of ranges) {
    for (const { base, bits } of rangeToPrefixes(range.from, range.to)) {
      if (isIPv4Number(base) !== isIPv4Number(range.from)) continue; // IPv4 within a range of IPv6 is not meant
      const key = `${base}/${bits}`;
      const known = distinct.get(key);
      if (known === undefined) distinct.set(key, { base, bits, ranges: [range], around: null });
      else known.ranges.push(range);
    }
    yield;
  }
  const networks = [...distinct.values()].toSorted((a, b) =>
    a.base === b.base ? a.bits - b.bits : a.base < b.base ? -1 : 1,
  );
  let around: Network | null = null;
  for (const network of networks) {
    while (around !== null && !covers(around, network.base)) around = around.around;
    network.around = around;
    around = network;
  }
  return networks;
}

function covers(network: Network, address: bigint): boolean {
  return (
    isIPv4Number(network.base) === isIPv4Number(address) &&
    network.base >> BigInt(128 - network.bits) === address >> BigInt(128 - network.bits)
  );
}

function append(map: Map<string, number[]>, key: string, index: number): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [index]);
  else list.push(index);
}
