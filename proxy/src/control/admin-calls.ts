import { CausewayError, LIMITS } from '@causeway/contract';
import { popAddress } from '../config/derive.ts';
import type { Handlers } from '../rpc/channel.ts';
import type { AdminCalls, EdgeStatus, PopStatus, SessionSummary, StoreStatus } from '../rpc/messages.ts';
import { issueJoinToken } from './ca/join-tokens.ts';
import { explainAccess } from './access-question.ts';
import type { Ca } from './ca/ca.ts';
import type { Devices } from './devices/devices.ts';
import type { Directory } from './directory/directory.ts';
import type { Configuration } from './configuration.ts';
import type { Edges } from './edges.ts';
import type { Health } from './health.ts';
import type { Sessions } from './identity/sessions.ts';
import type { EventLog } from './events/event-log.ts';
import type { Logger } from './log.ts';
import type { RevocationFeed } from './revocation-feed.ts';
import type { DeviceRecord, PublisherRecord, Store } from './store/store.ts';

export interface AdminServices {
  readonly store: Store;
  readonly directory: Directory;
  readonly devices: Devices;
  readonly eventLog: EventLog;
  readonly ca: Ca;
  readonly sessions: Sessions;
  readonly edges: Edges;
  readonly feed: RevocationFeed;
  readonly configuration: Configuration;
  readonly health: Health;
  readonly storeStatus: () => StoreStatus;
  readonly log: Logger;
  readonly version: string;
  readonly now: () => number;
}

/** What control answers to the command line; who may open the socket is the PoP's own user. */
export function adminCalls(
  services: AdminServices,
): Omit<Handlers<AdminCalls>, 'admin.owner' | 'admin.api' | 'admin.keys' | 'admin.tail'> {
  const { store, configuration, log } = services;
  return {
    'admin.status': () => {
      const { edges, health } = services;
      health.connected(edges.size, edges.statuses(), configuration.current().snapshot.publishers);
      return status(services);
    },
    'admin.explain': (question) => explainAccess(services, configuration.current().policy, question),
    'admin.token': async ({ publisher }) => {
      const { config, snapshot } = configuration.current();
      if (!snapshot.publishers.includes(publisher)) {
        throw new CausewayError('CW_REQUEST_INVALID', `the configuration names no publisher ${publisher}`);
      }
      const token = await issueJoinToken(store, services.ca, {
        kind: 'publisher',
        owner: publisher,
        pop: popAddress(config),
        tunnelDomain: config.domains.tunnel,
        lifeMs: LIMITS.joinTokenMs,
        now: services.now(),
      });
      log.info({ publisher }, 'join token issued');
      return token;
    },
    'admin.reload': async () => ({ number: await configuration.reload() }),
    'admin.sessions': () => sessions(services),
    'admin.events': ({ query, ...page }) => services.eventLog.search(query, page),
  };
}

async function status(services: AdminServices): Promise<PopStatus> {
  const { edges, feed, configuration, health, version, storeStatus } = services;
  const { snapshot } = configuration.current();
  const statuses = edges.statuses();
  const store = storeStatus();
  const records = store.state === 'ok' ? await stored(services) : connectedOnly(statuses);
  const tunnels = statuses.flatMap((edge) => edge.publishers.map((publisher) => publisher.name));
  const connected = new Set(statuses.flatMap((edge) => edge.agents.map((agent) => agent.device)));
  const missing = snapshot.publishers.filter(
    (name) => !records.publishers.some((publisher) => publisher.name === name),
  );
  return {
    version,
    store,
    snapshot: snapshot.number,
    epoch: feed.epoch,
    loginOrigin: snapshot.loginOrigin,
    edges: statuses,
    publishers: [
      ...records.publishers.map(({ name, id, revokedAt }) => ({
        name,
        id,
        enrolled: true,
        revoked: revokedAt !== null,
        connectedWorkers: tunnels.filter((tunnel) => tunnel === name).length,
      })),
      // While the store is lost nobody can say whether who is not connected has enrolled.
      ...(store.state === 'ok' ? missing : []).map((name) => ({
        name,
        id: '',
        enrolled: false,
        revoked: false,
        connectedWorkers: 0,
      })),
    ],
    devices: records.devices.map(({ id, name, user, revokedAt }) => ({
      id,
      name,
      user,
      revoked: revokedAt !== null,
      connected: connected.has(id),
    })),
    sessions: records.sessions,
    degraded: health.degraded(),
  };
}

interface PopRecords {
  readonly publishers: readonly Pick<PublisherRecord, 'id' | 'name' | 'revokedAt'>[];
  readonly devices: readonly Pick<DeviceRecord, 'id' | 'name' | 'user' | 'revokedAt'>[];
  readonly sessions: number | null;
}

async function stored({ store, now }: AdminServices): Promise<PopRecords> {
  const [publishers, devices] = [await store.publishers(), await store.devices()];
  return { publishers, devices, sessions: (await store.sessions(now())).length };
}

/** What can be said without the store. */
function connectedOnly(edges: readonly EdgeStatus[]): PopRecords {
  const names = new Set(edges.flatMap(({ publishers }) => publishers.map(({ name }) => name)));
  const agents = new Map(edges.flatMap((edge) => edge.agents.map(({ device, user }) => [device, user])));
  return {
    publishers: [...names].map((name) => ({ id: '', name, revokedAt: null })),
    devices: [...agents].map(([id, user]) => ({ id, name: id, user, revokedAt: null })),
    sessions: null,
  };
}

async function sessions({ store, now }: AdminServices): Promise<SessionSummary[]> {
  const hosts = new Map<string, string[]>();
  for (const grant of await store.grants(now())) {
    const { session } = grant.principal;
    hosts.set(session, [...(hosts.get(session) ?? []), grant.host]);
  }
  return (await store.sessions(now())).map(({ id, user, groups, createdAt, expiresAt }) => ({
    id,
    user,
    groups,
    createdAt,
    expiresAt,
    hosts: [...new Set(hosts.get(id) ?? [])],
  }));
}
