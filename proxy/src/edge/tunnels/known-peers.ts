import type { Principal } from '@causeway/contract';
import type { TunnelPeer } from '../../rpc/messages.ts';

/** As many as may have a tunnel at once; whoever left first is forgotten first. */
const MAX_AWAY = 20_000;

interface Away {
  readonly peer: TunnelPeer;
  /** Of the clock of the constructor. */
  readonly leftAt: number;
}

/**
 * The publishers and devices that had a tunnel to this worker a moment ago. While nobody can be asked about them, they
 * are let in again: a tunnel that breaks would otherwise end access that is established, which is to go on.
 *
 *     serving --tunnel closed--> away --back within the grace--> serving
 *                                 |  revoked, or revocations were missed
 *                                 +--> forgotten
 *
 * Only what control said lives here, and what it revoked since is taken out: this is what is known, not what is hoped.
 */
export class KnownPeers {
  readonly #serving = new Map<string, Set<() => TunnelPeer>>();
  readonly #away = new Map<string, Away>();
  readonly #now: () => number;

  /** @param now monotonic, in milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * A tunnel was let in. A peer that dials again before we know that its old one is dead has two.
   *
   * @param peer as it is known now: groups of its person may change meanwhile
   * @returns to be called when the tunnel is closed
   */
  serve(id: string, peer: () => TunnelPeer): () => void {
    this.#away.delete(id);
    const tunnels = this.#serving.get(id) ?? new Set();
    this.#serving.set(id, tunnels.add(peer));
    return () => {
      if (!tunnels.delete(peer) || tunnels.size > 0) return;
      if (this.#serving.get(id) === tunnels) this.#serving.delete(id);
      this.#leave(id, peer());
    };
  }

  /** Who that was when it was last heard of; `null` for whoever had no tunnel here within the grace. */
  recall(id: string, graceMs: number): TunnelPeer | null {
    const [serving] = this.#serving.get(id) ?? [];
    if (serving !== undefined) return serving();
    const away = this.#away.get(id);
    return away !== undefined && this.#now() - away.leftAt < graceMs ? away.peer : null;
  }

  /** They must be asked about, whoever comes. Those that are being refused leave afterwards: also they are not kept. */
  forget(ids: Iterable<string>): void {
    for (const id of ids) {
      this.#away.delete(id);
      this.#serving.get(id)?.clear();
      this.#serving.delete(id);
    }
  }

  /** Revocations were missed: who is not here now cannot be asked about, as those are who are. */
  forgetAway(): void {
    this.#away.clear();
  }

  regrouped(device: string, principal: Principal): void {
    const away = this.#away.get(device);
    if (away?.peer.kind !== 'device') return;
    this.#away.set(device, { ...away, peer: { ...away.peer, principal } });
  }

  #leave(id: string, peer: TunnelPeer): void {
    const [oldest] = this.#away.keys();
    if (this.#away.size >= MAX_AWAY && oldest !== undefined) this.#away.delete(oldest);
    this.#away.set(id, { peer, leftAt: this.#now() });
  }
}
