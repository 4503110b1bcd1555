import { CausewayError, codeOf } from '@causeway/contract';
import type { Handlers } from '../rpc/channel.ts';
import type { OfferedSnapshot } from '../rpc/offered-snapshot.ts';
import type { EdgeCalls, EdgeSecrets, SessionGrant } from '../rpc/messages.ts';
import type { Enrolment } from './ca/enrolment.ts';
import type { DeviceDetails, Devices } from './devices/devices.ts';
import type { Directory } from './directory/directory.ts';
import { devicePrincipal } from './device-principal.ts';
import type { ControlChannel, Edges } from './edges.ts';
import { principalOf, type Sessions } from './identity/sessions.ts';
import type { Tickets } from './identity/tickets.ts';
import { hashToken, newToken } from './identity/tokens.ts';
import type { EventLog } from './events/event-log.ts';
import type { Logger } from './log.ts';
import type { Published } from './published.ts';
import type { RevocationFeed } from './revocation-feed.ts';
import type { PublisherReports } from './publisher-reports.ts';
import { oneLine } from './one-line.ts';
import { appsOfPublisher } from '../policy/assigned-apps.ts';
import type { SessionRecord, Store } from './store/store.ts';

export interface EdgeServices {
  readonly store: Store;
  readonly directory: Directory;
  readonly eventLog: EventLog;
  readonly enrolment: Enrolment;
  readonly sessions: Sessions;
  readonly tickets: Tickets;
  readonly edges: Edges;
  readonly feed: RevocationFeed;
  readonly log: Logger;
  published(): Published;
  /** What edges are to have, which is ahead of what is published while that is being made. */
  offered(): OfferedSnapshot;
  secrets(): EdgeSecrets;
  /** `null` while the store answers. */
  storeLostMs(): number | null;
  readonly devices: Pick<Devices, 'contact' | 'describe' | 'renewed'>;
  readonly publisherReports: Pick<PublisherReports, 'put'>;
  readonly now: () => number;
}

type OwnReport = EdgeCalls['tunnel.report']['args']['report'];

const MAX_EVENTS = 10_000;

/** What control answers to an edge worker. */
export function edgeCalls(services: EdgeServices, channel: () => ControlChannel): Handlers<EdgeCalls> {
  const { store, directory, eventLog, enrolment, sessions, edges, log } = services;
  return {
    'edge.hello': async ({ worker, pid }) => {
      // First among those who are told, then told everything: nothing that ends in between is missed.
      edges.add(channel(), worker);
      const { grants, epoch } = await consistentGrants(services).catch((error: unknown) => {
        if (codeOf(error) !== 'CW_STORE_LOST') throw error;
        return { grants: null, epoch: 0 };
      });
      log.info({ worker, pid, sessions: grants?.length ?? null }, 'edge connected');
      const snapshot = services.offered().manifest;
      const storeLostMs = grants === null ? (services.storeLostMs() ?? 0) : null;
      return { snapshot, secrets: services.secrets(), sessions: grants, epoch, storeLostMs };
    },
    'snapshot.piece': ({ hash, from }) => {
      const bytes = services.offered().piece(hash, from);
      return bytes === null ? null : { bytes };
    },
    'snapshot.newest': () => services.offered().manifest,
    'session.lookup': ({ tokenHash }) => store.grant(tokenHash, services.now()),
    'ticket.redeem': (args) => redeem(services, args),
    'session.end': async ({ session, why }) => {
      await sessions.end(session, why);
      return null;
    },
    'event.batch': async ({ events }) => {
      if (events.length > MAX_EVENTS) throw new CausewayError('CW_MESSAGE_INVALID', 'too many events in one batch');
      await eventLog.append(events);
      return null;
    },
    'tunnel.peer': async ({ fingerprint, keyFingerprint, id }) => {
      const peer = await enrolment.peer({ fingerprint, id });
      if (peer.kind === 'publisher') {
        return { ...peer, apps: appsOfPublisher(services.published().snapshot.apps, peer.name) };
      }
      await services.devices.contact(id, { keyFingerprint });
      const { kind, name, user } = peer;
      return { kind, id, name, principal: await devicePrincipal(directory, { id, name, user }) };
    },
    'tunnel.report': async ({ id, report }) => {
      if (report.load !== undefined) services.publisherReports.put(id, report);
      else await services.devices.describe(id, detailsOf(report));
      return null;
    },
    'tunnel.enrol': async ({ secret, csr, name, address }) => {
      const enrolled = await enrolment.enrol({ secret, csr, name });
      log.info({ kind: enrolled.kind, id: enrolled.id, name: enrolled.name, address }, 'enrolled');
      const { id, certificate, ca } = enrolled;
      return { id, name: enrolled.name, certificate, ca };
    },
    'tunnel.renew': async (args) => {
      const renewed = await enrolment.renew(args);
      await services.devices.renewed(args.id);
      return renewed;
    },
    'edge.status': (status) => {
      edges.report(channel(), status);
      return null;
    },
  };
}

function detailsOf({ software, system }: OwnReport): Partial<DeviceDetails> {
  return {
    fingerprint: system.machine,
    hostName: oneLine(system.hostName, 255),
    os: oneLine(system.os, 50),
    osVersion: oneLine(system.osVersion, 100),
    model: oneLine(system.model, 100),
    clientVersion: oneLine(software, 100),
  };
}

/** All grants as of one epoch: a session that ended while they were read would otherwise live on at this edge. */
async function consistentGrants({ store, now }: EdgeServices): Promise<{ grants: SessionGrant[]; epoch: number }> {
  for (let attempt = 0; attempt < 20; attempt++) {
    const before = await store.epoch();
    const grants = await store.grants(now());
    const epoch = await store.epoch();
    if (epoch === before) return { grants, epoch };
  }
  throw new CausewayError('CW_BUSY', 'sessions end faster than they can be read');
}

/** An app-host token for the login behind the ticket; every live edge holds it when this resolves. */
async function redeem(
  { store, tickets, edges, feed, now }: EdgeServices,
  args: EdgeCalls['ticket.redeem']['args'],
): Promise<EdgeCalls['ticket.redeem']['answer']> {
  const ticket = await tickets.redeem(args.ticket, args.host, args.nonceHash);
  const session = await liveSession(store, ticket.session, now());
  const token = newToken();
  const tokenHash = hashToken(token);
  await store.addAppToken({ tokenHash, session: session.id, host: ticket.host, createdAt: now() });
  const { expiresAt } = session;
  await edges.putSession({ tokenHash, host: ticket.host, principal: principalOf(session), expiresAt });
  // Signed out while the edges were told: the end may have overtaken the grant, so it is said again. So may new groups or another unit.
  const after = await store.session(session.id);
  if (after === null) {
    await feed.revoke({ sessions: [session.id], why: 'ended during sign-on' });
    throw new CausewayError('CW_TICKET_INVALID', 'the session ended');
  }
  if (JSON.stringify(after.groups) !== JSON.stringify(session.groups) || after.ou !== session.ou) {
    await edges.putSession({ tokenHash, host: ticket.host, principal: principalOf(after), expiresAt });
  }
  return { token, returnTo: ticket.path, expiresAt };
}

async function liveSession(store: Store, id: string, now: number): Promise<SessionRecord> {
  const session = await store.session(id);
  if (session === null || session.expiresAt <= now) throw new CausewayError('CW_TICKET_INVALID', 'the session ended');
  return session;
}
