import type { ComponentHealth } from '../rpc/supervision.ts';
import type { ActiveSnapshot } from './config/active-snapshot.ts';
import type { Feed } from './feed.ts';
import type { Publishers } from './tunnels/publishers.ts';

/** What a worker says of itself. It is ready as long as established access is served. */
export function edgeHealth(
  linkUp: boolean,
  feed: Feed,
  publishers: Publishers,
  active: ActiveSnapshot | null,
): { ready: boolean; components: ComponentHealth[] } {
  const { state, code } = feed;
  const tunnels = publishers.all();
  const missing = (active?.source.publishers ?? []).filter((name) => !tunnels.some((one) => one.name === name));
  const components: ComponentHealth[] = [
    {
      name: 'control',
      state: linkUp ? 'ok' : 'degraded',
      detail: linkUp ? 'connected' : 'away; established access goes on',
    },
    {
      name: 'feed',
      state: state === 'live' ? 'ok' : state === 'stale' ? 'degraded' : 'down',
      detail: `revocation feed is ${state}${state === 'live' ? '' : ` (${code})`}`,
    },
    {
      name: 'publishers',
      state: missing.length === 0 ? 'ok' : 'degraded',
      detail: missing.length === 0 ? `${tunnels.length} tunnels` : `no tunnel: ${missing.join(', ')}`,
    },
  ];
  return { ready: active !== null && state !== 'lost', components };
}
