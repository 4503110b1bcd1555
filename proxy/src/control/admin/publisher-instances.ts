import type { AdminServices } from './admin-services.ts';
import { POP_GONE_MS } from './pops.ts';

export interface PublisherStatus {
  readonly name: string;
  readonly health: 'up' | 'partly' | 'down' | 'never enrolled';
  readonly tunnels: number;
  readonly workers: number;
  readonly streams: number;
  readonly since: number | null;
  readonly instances: { id: string; name: string; createdAt: number; revokedAt: number | null }[];
}

/** What every PoP that lives reports of the publishers' tunnels, with who has enrolled. */
export async function listInstances({
  pops,
  store,
  published,
  now,
}: Pick<AdminServices, 'pops' | 'store' | 'published' | 'now'>): Promise<PublisherStatus[]> {
  const alive = (await pops.list()).filter(({ seenAt }) => seenAt > now() - POP_GONE_MS);
  const workers = alive.flatMap((pop) => pop.workers);
  const enrolled = await store.publishers();
  return published().snapshot.publishers.map((name) => {
    const instances = enrolled.filter((instance) => instance.name === name).map((instance) => ({ ...instance }));
    const mine = workers.map(({ publishers }) => publishers.filter((tunnel) => tunnel.name === name));
    const tunnels = mine.flat();
    const reached = mine.filter((worker) => worker.length > 0).length;
    const living = instances.some(({ revokedAt }) => revokedAt === null);
    const health = !living ? 'never enrolled' : reached === 0 ? 'down' : reached < workers.length ? 'partly' : 'up';
    return {
      name,
      health,
      tunnels: tunnels.length,
      workers: workers.length,
      streams: tunnels.reduce((sum, { streams }) => sum + streams, 0),
      since: tunnels.length === 0 ? null : Math.min(...tunnels.map(({ since }) => since)),
      instances,
    };
  });
}
