import {
  addressNumber,
  CausewayError,
  isIPv4Number,
  matchesHost,
  parseHostPattern,
  type HostPattern,
} from '@causeway/contract';
import { LpmTable, rangeToPrefixes } from '@causeway/wasm-core';

/**
 * The ceiling: what this publisher will ever open, from its own configuration, whatever the PoP says. An entry is a
 * host and ports, `127.0.0.1:8080`, `*.corp.example:80,443`, `10.0.0.0/8:22`, `[fd00::/8]:8000-8010`,
 * `intranet.corp.example:*`.
 */
export interface AllowAnswer {
  readonly permit: boolean;
  readonly why: string;
}

interface Entry {
  readonly text: string;
  readonly pattern: HostPattern;
  readonly ports: readonly (readonly [from: number, to: number])[];
}

const MAX_PREFIXES = 65_536;

/** Throws `CW_CONFIG_INVALID` saying what is wrong with the entry. */
function parseEntry(text: string): Entry {
  const invalid = (what: string): CausewayError => new CausewayError('CW_CONFIG_INVALID', `${text}: ${what}`);
  const parts = /^(?:\[(?<v6>[^\]]+)\]|(?<plain>[^[\]:]+)):(?<ports>[^:]*)$/.exec(text)?.groups;
  if (parts === undefined) throw invalid('write host:ports, an IPv6 address or network in brackets');
  const pattern = parseHostPattern((parts['v6'] ?? parts['plain'] ?? '').toLowerCase());
  if (pattern === null) throw invalid('the host is no name, *.name, address, CIDR or from-to range');
  const ports = (parts['ports'] ?? '').split(',').map((part): readonly [number, number] => {
    if (part === '*') return [1, 65_535];
    const range = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part);
    const from = Number(range?.[1]);
    const to = Number(range?.[2] ?? range?.[1]);
    if (range === null || from < 1 || to > 65_535 || from > to) {
      throw invalid('ports are *, 443, 80,443 or 8000-8010');
    }
    return [from, to];
  });
  return { text, pattern, ports };
}

export class AllowList {
  readonly #entries: readonly Entry[];
  readonly #names: readonly Entry[];
  readonly #networks: LpmTable;
  /** By the value in `#networks`: every entry that covers that prefix, outer ones included. */
  readonly #covering: readonly (readonly Entry[])[];

  /** Throws `CW_CONFIG_INVALID`. */
  constructor(texts: readonly string[]) {
    this.#entries = texts.map(parseEntry);
    this.#names = this.#entries.filter((entry) => entry.pattern.kind !== 'range');
    const networks = this.#entries.flatMap((entry) =>
      entry.pattern.kind === 'range' ? [{ entry, from: entry.pattern.from, to: entry.pattern.to }] : [],
    );
    const prefixes = new Map<string, { base: bigint; bits: number }>();
    for (const { from, to } of networks) {
      for (const prefix of rangeToPrefixes(from, to)) prefixes.set(`${prefix.base}/${prefix.bits}`, prefix);
      if (prefixes.size > MAX_PREFIXES) throw new CausewayError('CW_CONFIG_INVALID', 'too many networks to allow');
    }
    const distinct = [...prefixes.values()];
    this.#covering = distinct.map(({ base, bits }) => {
      const last = base + (1n << BigInt(128 - bits)) - 1n;
      return networks.filter(({ from, to }) => from <= base && last <= to).map(({ entry }) => entry);
    });
    this.#networks = LpmTable.build(distinct.map((prefix, value) => ({ ...prefix, value })));
  }

  get entries(): readonly string[] {
    return this.#entries.map((entry) => entry.text);
  }

  get hasNetworks(): boolean {
    return this.#covering.length > 0;
  }

  /** @param name canonical, see contract's `canonicalName` */
  name(name: string, port: number): AllowAnswer {
    return answer(
      this.#names.filter((entry) => matchesHost(entry.pattern, name)),
      name,
      port,
    );
  }

  /** Only network entries count here: a name entry says nothing about addresses. */
  address(address: string, port: number): AllowAnswer {
    const number = addressNumber(address);
    if (number === null) return { permit: false, why: `${address} is not an address` };
    const value = this.#networks.lookup(address);
    const covering = (value < 0 ? [] : (this.#covering[value] ?? [])).filter(
      ({ pattern }) => pattern.kind === 'range' && isIPv4Number(pattern.from) === isIPv4Number(number),
    );
    return answer(covering, address, port);
  }
}

function answer(entries: readonly Entry[], target: string, port: number): AllowAnswer {
  if (entries.length === 0) return { permit: false, why: `no entry of the allow-list names ${target}` };
  const entry = entries.find(({ ports }) => ports.some(([from, to]) => from <= port && port <= to));
  if (entry !== undefined) return { permit: true, why: `allow-list entry ${entry.text}` };
  return { permit: false, why: `${entries.map(({ text }) => text).join(' and ')} do not name port ${port}` };
}
