import type { Report } from '@causeway/contract';
import type { PublisherRecord } from '../store/store.ts';
import type { AdminServices } from './admin-services.ts';
import { POP_GONE_MS } from './pops.ts';

export interface PublisherInstance extends PublisherRecord {
  /** `lost`: it had a tunnel once; what it last said of itself stays. */
  readonly state: 'up' | 'lost' | 'never seen' | 'revoked';
  readonly tunnels: number;
  /** The last report; `null` before the first. */
  readonly seenAt: number | null;
  readonly software: string | null;
  readonly startedAt: number | null;
  readonly system: Report['system'] | null;
  readonly load: NonNullable<Report['load']> | null;
  /** How the last attempt to reach each app went. */
  readonly apps: NonNullable<Report['apps']>;
}

export interface PublisherStatus {
  readonly name: string;
  readonly health: 'up' | 'partly' | 'down' | 'never enrolled';
  readonly tunnels: number;
  readonly workers: number;
  readonly streams: number;
  readonly since: number | null;
  readonly instances: PublisherInstance[];
}

type Services = Pick<AdminServices, 'pops' | 'store' | 'published' | 'publisherReports' | 'now'>;

/** What every PoP that lives reports of the publishers' tunnels, with who has enrolled and what they say of themselves. */
export async function listInstances(services: Services, only?: string): Promise<PublisherStatus[]> {
  const { pops, store, published, publisherReports, now } = services;
  const alive = (await pops.list()).filter(({ seenAt }) => seenAt > now() - POP_GONE_MS);
  const workers = alive.flatMap((pop) => pop.workers);
  const names = published().snapshot.publishers.filter((name) => only === undefined || name === only);
  const wanted = new Set(names);
  const enrolled = (await store.publishers()).filter(({ name }) => wanted.has(name));
  const reports = await publisherReports.of(enrolled.map(({ id }) => id));
  const byName = Map.groupBy(enrolled, ({ name }) => name);
  return names.map((name) => {
    const mine = workers.map(({ publishers }) => publishers.filter((tunnel) => tunnel.name === name));
    const tunnels = mine.flat();
    const instances = (byName.get(name) ?? []).map((record): PublisherInstance => {
      const own = tunnels.filter(({ id }) => id === record.id).length;
      const last = reports.get(record.id);
      return {
        ...record,
        state: stateOf(record, own, last !== undefined),
        tunnels: own,
        seenAt: last?.at ?? null,
        software: last?.report.software ?? null,
        startedAt: last?.report.startedAt ?? null,
        system: last?.report.system ?? null,
        load: last?.report.load ?? null,
        apps: last?.report.apps ?? [],
      };
    });
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

function stateOf({ revokedAt }: PublisherRecord, tunnels: number, seen: boolean): PublisherInstance['state'] {
  if (revokedAt !== null) return 'revoked';
  if (tunnels > 0) return 'up';
  return seen ? 'lost' : 'never seen';
}
