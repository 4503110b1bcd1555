import type { AdminAnswer, AdminClient } from '../admin-client/admin-client.ts';

type Status = AdminAnswer<'GET /publisher-status'>['items'][number];

export const PUBLISHER_HEAD = ['HEALTH', 'VERSION', 'TUNNELS', 'STREAMS', 'CPU'] as const;
/** What our own publishers say before their version. */
const OWN = /^causeway-publisher\//;
const NONE = ['not published', '-', '-', '-', '-'] as const;

/** What publishers do, beside what is configured of them: cells under `PUBLISHER_HEAD` by a publisher's name. */
export async function publisherCells(client: AdminClient): Promise<(name: string) => readonly string[]> {
  const { items } = await client.call('GET /publisher-status', {});
  const cells = new Map(items.map((status) => [status.name, cellsOf(status)]));
  return (name) => cells.get(name) ?? NONE;
}

/** Versions and load of the instances that have a tunnel. */
function cellsOf({ health, tunnels, streams, instances }: Status): readonly string[] {
  const up = instances.filter(({ state }) => state === 'up');
  const versions = [...new Set(up.flatMap(({ software }) => software?.replace(OWN, '') ?? []))].toSorted();
  const loads = up.flatMap(({ load }) => load ?? []);
  const cpu = loads.reduce((sum, load) => sum + load.cpu, 0);
  return [
    health,
    versions.join(', ') || '-',
    String(tunnels),
    String(streams),
    loads.length === 0 ? '-' : `${Math.round(cpu * 100)} %`,
  ];
}
