import {
  addressNumber,
  canonicalName,
  matchesHost,
  parseHostPattern,
  parsePortRange,
  type AssignedApp,
  type HostPattern,
  type PortRange,
} from '@causeway/contract';

export interface Steered {
  /** The app that a flow to the target belongs to; null goes nowhere through this agent. */
  readonly app: string | null;
  readonly why: string;
  /** What the flow's header names: canonical. */
  readonly host: string;
  readonly port: number;
}

export interface SteeringEntry {
  readonly app: string;
  readonly text: string;
  readonly pattern: HostPattern;
  readonly ports: readonly PortRange[];
}

/**
 * Which flows are for private apps, from what the PoP told this person's devices last. It only sorts; whether a flow
 * is allowed is decided at the PoP for every flow. The most specific entry that names the port wins: exact name, then
 * longest wildcard; smallest block of addresses.
 */
export class Steering {
  #entries: readonly SteeringEntry[] = [];
  #user: string | null = null;

  /** Replaces everything. */
  put(user: string, apps: readonly AssignedApp[]): void {
    this.#user = user;
    this.#entries = apps
      .flatMap((app) =>
        app.targets.flatMap(({ host, ports }): SteeringEntry[] => {
          const pattern = parseHostPattern(host);
          const tcp = ports.map(parsePortRange).filter(({ protocol }) => protocol === 'tcp');
          return pattern === null ? [] : [{ app: app.name, text: host, pattern, ports: tcp }];
        }),
      )
      .toSorted((a, b) => compareSpecific(a.pattern, b.pattern));
  }

  get user(): string | null {
    return this.#user;
  }

  get apps(): readonly string[] {
    return [...new Set(this.#entries.map(({ app }) => app))];
  }

  /** Most specific first. */
  get entries(): readonly SteeringEntry[] {
    return this.#entries;
  }

  /** @param text a name or an address, as a client wrote it */
  steer(text: string, port: number): Steered {
    const host = addressNumber(text) === null ? canonicalName(text) : text.toLowerCase();
    const answer = (app: string | null, why: string): Steered => ({ app, why, host: host ?? text, port });
    if (host === null) return answer(null, `${text} is neither a name nor an address`);
    const named = this.#entries.filter(({ pattern }) => matchesHost(pattern, host));
    const entry = named.find(({ ports }) => ports.some(({ from, to }) => from <= port && port <= to));
    if (entry !== undefined) return answer(entry.app, `${entry.text} of the app ${entry.app} names it`);
    const other = named[0];
    if (other === undefined) return answer(null, `no private app of this person names ${host}`);
    return answer(null, `the app ${other.app} names ${host}, but not port ${port}`);
  }
}

function compareSpecific(a: HostPattern, b: HostPattern): number {
  const rank = { name: 0, wildcard: 1, range: 2 } as const;
  if (a.kind !== b.kind) return rank[a.kind] - rank[b.kind];
  if (a.kind === 'wildcard' && b.kind === 'wildcard') return b.suffix.length - a.suffix.length;
  if (a.kind === 'range' && b.kind === 'range') {
    const spanA = a.to - a.from;
    const spanB = b.to - b.from;
    return spanA < spanB ? -1 : spanA > spanB ? 1 : 0;
  }
  return 0;
}
