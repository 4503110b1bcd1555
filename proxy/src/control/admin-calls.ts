import { CausewayError, LIMITS } from '@causeway/contract';
import { popAddress } from '../config/derive.ts';
import type { Handlers } from '../rpc/channel.ts';
import type { AdminCalls, PopStatus, SessionSummary } from '../rpc/messages.ts';
import { issueJoinToken } from './ca/join-tokens.ts';
import type { Ca } from './ca/ca.ts';
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

const WHY = 'revoked by the administrator';

/** What control answers to the command line; who may open the socket is the PoP's own user. */
export function adminCalls(
  services: AdminServices,
): Omit<Handlers<AdminCalls>, 'admin.owner' | 'admin.api' | 'admin.tail'> {
  const { store, configuration, log } = services;
  return {
    'admin.status': () => status(services),
    'admin.explain': async ({ user, groups, ou, ...question }) => {
      const known = await services.directory.groupsOf(user);
      const unit = ou ?? known?.ou ?? null;
      const who = { user, groups: groups ?? known?.groups ?? [], ...(unit === null ? {} : { ou: unit }) };
      return configuration.current().policy.explain(who, question);
    },
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
    'admin.revoke': async ({ kind, id }) => {
      const cut = await revoke(services, kind, id);
      log.info({ kind, id, cut }, 'revoked');
      return { cut };
    },
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

async function revoke(
  { store, directory, feed, sessions: logins, now }: AdminServices,
  kind: AdminCalls['admin.revoke']['args']['kind'],
  id: string,
): Promise<number> {
  switch (kind) {
    case 'session': {
      const { ended, cut } = await logins.end(id, WHY);
      if (!ended) throw new CausewayError('CW_REQUEST_INVALID', `there is no session ${id}`);
      return cut;
    }
    case 'user': {
      const known = await directory.groupsOf(id);
      const devices: string[] = [];
      for (const name of new Set([id, known?.user ?? id])) {
        for (const device of await store.devicesOf(name)) {
          if (await store.revokeDevice(device.id, now())) devices.push(device.id);
        }
      }
      const { cut } = await logins.endAllOf(id, WHY);
      return cut + (devices.length === 0 ? 0 : await feed.revoke({ devices, why: WHY }));
    }
    case 'device':
      if (!(await store.revokeDevice(id, now())))
        throw new CausewayError('CW_REQUEST_INVALID', `there is no device ${id}`);
      return feed.revoke({ devices: [id], why: WHY });
    case 'publisher': {
      const publishers: string[] = [];
      for (const publisher of await store.publishers()) {
        if (publisher.id !== id && publisher.name !== id) continue;
        if (await store.revokePublisher(publisher.id, now())) publishers.push(publisher.id);
      }
      if (publishers.length === 0) throw new CausewayError('CW_REQUEST_INVALID', `there is no publisher ${id}`);
      return feed.revoke({ publishers, why: WHY });
    }
  }
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
