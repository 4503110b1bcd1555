import type { PrivateApp } from '@causeway/contract';
import type { Tunnel } from '@causeway/tunnel';
import type { EdgeStatus } from '../../rpc/messages.ts';

/** One tunnel of a publisher to this worker. A publisher may have several, while one drains. */
export interface PublisherTunnel {
  readonly name: string;
  readonly id: string;
  readonly tunnel: Tunnel;
  readonly since: number;
  /** Sends it the apps that it serves now. */
  assign(): void;
}

/** Who can reach what, at this worker. */
export class Publishers {
  readonly #byName = new Map<string, PublisherTunnel[]>();

  add(publisher: PublisherTunnel): void {
    const list = this.#byName.get(publisher.name);
    if (list === undefined) this.#byName.set(publisher.name, [publisher]);
    else list.push(publisher);
  }

  remove(publisher: PublisherTunnel): void {
    const list = this.#byName.get(publisher.name)?.filter((one) => one !== publisher) ?? [];
    if (list.length === 0) this.#byName.delete(publisher.name);
    else this.#byName.set(publisher.name, list);
  }

  /** The least busy tunnel of any publisher of the app, the nearer one of two alike; `null` when none is connected. */
  choose(app: PrivateApp): PublisherTunnel | null {
    let best: PublisherTunnel | null = null;
    for (const name of app.publishers) {
      for (const candidate of this.#byName.get(name) ?? []) {
        if (!candidate.tunnel.closed && (best === null || better(candidate.tunnel, best.tunnel))) best = candidate;
      }
    }
    return best;
  }

  all(): PublisherTunnel[] {
    return [...this.#byName.values()].flat();
  }

  statuses(): EdgeStatus['publishers'] {
    return this.all().map(({ id, name, since, tunnel }) => ({ id, name, since, streams: tunnel.streams }));
  }

  byId(id: string): PublisherTunnel[] {
    return this.all().filter((publisher) => publisher.id === id);
  }
}

function better(a: Tunnel, b: Tunnel): boolean {
  if (a.streams !== b.streams) return a.streams < b.streams;
  return (a.rttMs ?? Number.POSITIVE_INFINITY) < (b.rttMs ?? Number.POSITIVE_INFINITY);
}
