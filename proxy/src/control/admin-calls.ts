import { CausewayError, LIMITS } from '@causeway/contract';
import { popAddress } from '../config/derive.ts';
import type { Handlers } from '../rpc/channel.ts';
import type { AdminCalls, PopStatus, SessionSummary } from '../rpc/messages.ts';
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
import type { Store } from './store/store.ts';

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
    'admin.status': () => status(services),
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

async function status({ store, edges, feed, configuration, health, version, now }: AdminServices): Promise<PopStatus> {
  const { snapshot } = configuration.current();
  const statuses = edges.statuses();
  const tunnels = statuses.flatMap((edge) => edge.publishers.map((publisher) => publisher.name));
  const connected = new Set(statuses.flatMap((edge) => edge.agents.map((agent) => agent.device)));
  const enrolled = await store.publishers();
  const missing = snapshot.publishers.filter((name) => !enrolled.some((publisher) => publisher.name === name));
  return {
    version,
    snapshot: snapshot.number,
    epoch: feed.epoch,
    loginOrigin: snapshot.loginOrigin,
    edges: statuses,
    publishers: [
      ...enrolled.map(({ name, id, revokedAt }) => ({
        name,
        id,
        enrolled: true,
        revoked: revokedAt !== null,
        connectedWorkers: tunnels.filter((tunnel) => tunnel === name).length,
      })),
      ...missing.map((name) => ({ name, id: '', enrolled: false, revoked: false, connectedWorkers: 0 })),
    ],
    devices: (await store.devices()).map(({ id, name, user, revokedAt }) => ({
      id,
      name,
      user,
      revoked: revokedAt !== null,
      connected: connected.has(id),
    })),
    sessions: (await store.sessions(now())).length,
    degraded: health.degraded(),
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
