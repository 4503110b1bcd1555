import { addressNumber, parseHostPattern, parsePortRange, type PortRange, type PrivateApp } from '@causeway/contract';
import { LpmTable, rangeToPrefixes } from '@causeway/wasm-core';

/** Finds apps by what people and devices call them. Built once per snapshot. */
export class AppIndex {
  readonly #byUrl = new Map<string, number>();
  readonly #byName = new Map<string, number[]>();
  readonly #bySuffix = new Map<string, number[]>();
  readonly #byAddress: LpmTable;
  readonly #addressApps: number[][] = [];
  readonly #ports: (readonly PortRange[])[];

  constructor(apps: readonly PrivateApp[]) {
    const ranges: { from: bigint; to: bigint; app: number }[] = [];
    this.#ports = apps.map((app) => app.ports.map(parsePortRange));
    for (const [index, app] of apps.entries()) {
      for (const url of app.clientless?.urls ?? []) this.#byUrl.set(url, index);
      for (const host of app.hosts) {
        const pattern = parseHostPattern(host);
        if (pattern === null) continue; // the schema refused it before
        if (pattern.kind === 'name') append(this.#byName, pattern.name, index);
        else if (pattern.kind === 'wildcard') append(this.#bySuffix, pattern.suffix, index);
        else ranges.push({ from: pattern.from, to: pattern.to, app: index });
      }
    }
    this.#byAddress = this.#buildAddresses(ranges);
  }

  /** @returns the app's number whose custom URL this is, or -1 */
  byUrl(host: string): number {
    return this.#byUrl.get(host) ?? -1;
  }

  /**
   * The app that has `host` (canonical) on `port`: an exact name before the longest wildcard, the most specific
   * network for addresses; among apps of one host the first that has the port. -1 when there is none.
   */
  byTarget(host: string, port: number): number {
    if (addressNumber(host) !== null) {
      return this.#withPort(this.#addressApps[this.#byAddress.lookup(host)], port);
    }
    const exact = this.#withPort(this.#byName.get(host), port);
    if (exact >= 0) return exact;
    for (let dot = host.indexOf('.'); dot >= 0; dot = host.indexOf('.', dot + 1)) {
      const found = this.#withPort(this.#bySuffix.get(host.slice(dot + 1)), port);
      if (found >= 0) return found;
    }
    return -1;
  }

  #withPort(apps: readonly number[] | undefined, port: number): number {
    if (apps === undefined) return -1;
    for (const app of apps) {
      for (const range of this.#ports[app] ?? []) {
        if (range.protocol === 'tcp' && range.from <= port && port <= range.to) return app;
      }
    }
    return -1;
  }

  /** A longest-prefix table has one value per prefix, so apps that share one are a list behind it. */
  #buildAddresses(ranges: readonly { from: bigint; to: bigint; app: number }[]): LpmTable {
    const lists = new Map<string, { base: bigint; bits: number; value: number }>();
    for (const { from, to, app } of ranges) {
      for (const { base, bits } of rangeToPrefixes(from, to)) {
        const key = `${base}/${bits}`;
        const known = lists.get(key);
        if (known === undefined) {
          lists.set(key, { base, bits, value: this.#addressApps.length });
          this.#addressApps.push([app]);
        } else if (this.#addressApps[known.value]?.includes(app) === false) this.#addressApps[known.value]?.push(app);
      }
    }
    return LpmTable.build([...lists.values()]);
  }
}

function append(map: Map<string, number[]>, key: string, index: number): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [index]);
  else list.push(index);
}
