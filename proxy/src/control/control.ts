import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CausewayError, LIMITS } from '@causeway/contract';
import { adminOrigin, popAddress } from '../config/derive.ts';
import type { EdgeSecrets } from '../rpc/messages.ts';
import type { ChildMessage, ControlStart } from '../rpc/supervision.ts';
import { VERSION } from '../version.ts';
import { adminApp } from './admin/admin-app.ts';
import { adminLogin } from './admin/admin-login.ts';
import { ADMIN_LIMITS, adminRecords, sweepAdmin } from './admin/admin-records.ts';
import { localCalls } from './admin/local-calls.ts';
import { popIdentity } from './admin/pop-identity.ts';
import { POP_LOOK_MS, PopReport } from './admin/pop-report.ts';
import { POP_BEAT_MS, workerOf } from './admin/pops.ts';
import { adminCalls } from './admin-calls.ts';
import { openEnrolment } from './ca/enrolment.ts';
import { issueJoinToken } from './ca/join-tokens.ts';
import { sameCertificates, serverCertificates, type ServerCertificates, type WebNames } from './ca/web-certificates.ts';
import { watchFiles } from './config-watch.ts';
import { Configuration, webNames } from './configuration.ts';
import { openDeploymentKeys } from './deployment-keys.ts';
import { Devices } from './devices/devices.ts';
import { makeDataDir, usableStoreFile } from './data-dir.ts';
import { Directory } from './directory/directory.ts';
import { ScimTokens } from './directory/scim-tokens.ts';
import { DirectoryFollower } from './directory-follower.ts';
import { edgeCalls } from './edge-calls.ts';
import { Edges } from './edges.ts';
import { EpochFollower } from './epoch-follower.ts';
import { HandedOver } from './handover.ts';
import { Health } from './health.ts';
import { adminHostApp, byHost } from './identity-hosts.ts';
import { PendingLogins } from './identity/saml/pending.ts';
import { SamlPool } from './identity/saml/saml-pool.ts';
import { Sessions } from './identity/sessions.ts';
import { Tickets } from './identity/tickets.ts';
import { EventServices } from './events/event-services.ts';
import type { Logger } from './log.ts';
import { controlMetrics } from './metrics.ts';
import { ObjectStore } from './objects/object-store.ts';
import { portalApp } from './portal/app.ts';
import { loadStaticFiles } from './portal/static-files.ts';
import { Rounds } from './rounds.ts';
import { PublisherReports } from './publisher-reports.ts';
import { RevocationFeed } from './revocation-feed.ts';
import { RpcServer } from './rpc-server.ts';
import { scimApp } from './scim/scim-app.ts';
import { keyCalls } from './sealing/key-calls.ts';
import { SnapshotCompiler } from './snapshot/compiler.ts';
import { Publishing } from './snapshot/publishing.ts';
import { Snapshots } from './snapshot/snapshots.ts';
import { StoreAvailability } from './store-loss.ts';
import { storeOn } from './store/kysely-store.ts';
import { openDatabase } from './store/open-database.ts';

export interface ControlOptions {
  readonly start: ControlStart;
  readonly log: Logger;
  readonly send: (message: ChildMessage) => void;
  readonly now: () => number;
}

/** The running control process. */
export interface Control {
  readonly snapshot: number;
  /** Takes over a browser's connection to the login host. */
  handover(socket: Socket, head: string): void;
  metrics(): Promise<readonly object[]>;
  /** Idempotent: lets requests end until the deadline, then closes everything. */
  stop(deadlineMs: number): Promise<void>;
}

const WEB_DIST = fileURLToPath(new URL('../../../web/dist', import.meta.url));
const HEALTH_MS = 2_000;
const SWEEP_MS = 60_000;
const CERTIFICATES_MS = 3_600_000;
const HITS_MS = 10_000;
const DEVICES_PER_PERSON = 16;
const TICKET_KEYS_MS = 8 * 3_600_000;

/**
 * Composes the control process: nothing but wiring. Throws what keeps it from running; everything opened until then is
 * closed again.
 */
export async function startControl(options: ControlOptions): Promise<Control> {
  const { start, log, now } = options;
  const opened: (() => Promise<void> | void)[] = [];
  try {
    return await compose(options, opened);
  } catch (error) {
    for (const close of opened.toReversed()) await close();
    log.debug({ dataDir: start.dataDir, at: now() }, 'start failed');
    throw error;
  }
}

async function compose(options: ControlOptions, opened: (() => Promise<void> | void)[]): Promise<Control> {
  const { start, log, now, send } = options;
  makeDataDir(start.dataDir);
  const location = start.store === undefined ? { file: usableStoreFile(start.dataDir) } : { url: start.store };
  const database = await openDatabase(location);
  opened.push(() => database.close());
  const store = storeOn(database);
  const objects = new ObjectStore(database, now);
  const compiler = new SnapshotCompiler();
  opened.push(() => compiler.close());
  const loginIdp = (): string => configuration.current().config.identityProvider.name;
  const directory = new Directory({ database, loginIdp, now });
  const scimTokens = new ScimTokens(database, now);
  const { secrets, ca, intentKey, preLoginKey, pseudonymKey } = await openDeploymentKeys(database, start, now);

  const health = new Health();
  const pop = popIdentity(start.dataDir);
  const events = new EventServices({
    database,
    dataDir: start.dataDir,
    key: pseudonymKey,
    pop,
    health,
    published: () => configuration.current(),
    onStored: (stored) => {
      metrics.events.inc(stored.length);
      adminServices.hits.count(stored);
    },
    countExported: (name, result, count) => metrics.exported.inc({ export: name, result }, count),
    log,
    now,
  });
  const { eventLog, exports, tails, alerts, incidents, watch } = events;
  opened.push(() => exports.close());
  const edges = new Edges(log);
  opened.push(() => edges.destroy());
  const feed = new RevocationFeed(store, edges, () => availability.lostMs);
  const sessions = new Sessions(store, directory, feed, now);
  const perPerson = (): number => configuration.current().objects.settings[0]?.devices.perPerson ?? DEVICES_PER_PERSON;
  const devices = new Devices({ database, revocations: feed, perPerson, now });
  const publisherReports = new PublisherReports(database, now);
  const enrolment = openEnrolment(store, ca, now, perPerson);
  const follower = new DirectoryFollower({ directory, store, edges, revocations: feed, log, now });
  opened.push(() => follower.stop());
  const tickets = new Tickets(database, now);
  const pending = new PendingLogins(preLoginKey, now);
  const saml = new SamlPool();
  opened.push(() => saml.close());
  let ticketKeys = randomBytes(48).toString('base64');
  const edgeSecrets = (): EdgeSecrets => ({
    access: certificates.access,
    custom: certificates.custom,
    tunnel: certificates.tunnel,
    ca: ca.certificate,
    ticketKeys,
    intentKey: intentKey.toString('base64'),
  });
  const readCertificates = async (names: WebNames): Promise<ServerCertificates> => {
    const fresh = await serverCertificates(secrets, ca, names, now());
    for (const warning of fresh.warnings) log.warn(warning);
    return fresh;
  };
  const useCertificates = async (fresh: ServerCertificates): Promise<void> => {
    const same = sameCertificates(fresh, certificates);
    certificates = fresh;
    health.set('certificates', 'ok', `next look at ${new Date(fresh.renewAt).toISOString()}`);
    if (same) return;
    login.setCertificate(certificates.identity);
    await edges.push('secrets.put', edgeSecrets());
  };
  const renewCertificates = async (): Promise<void> => {
    if (now() < certificates.renewAt) return;
    const current = configuration.current();
    try {
      await useCertificates(await readCertificates(webNames(current.config, current.objects)));
    } catch (error) {
      health.set('certificates', 'degraded', `the old ones stay: ${messageOf(error)}`);
      throw error;
    }
  };

  const first = await Configuration.open({
    configFile: start.configFile,
    publishing: new Publishing({ database, location, compiler, objects, now }),
    log,
    health,
    certificates: readCertificates,
    onOffered: ({ manifest }, fresh) => useCertificates(fresh).then(() => edges.putSnapshot(manifest)),
    onPublished: async (published, fresh) => {
      await useCertificates(fresh);
      await exports.use(published.config.events.export);
      await edges.putSnapshot(published.edges.manifest);
    },
  });
  const { configuration } = first;
  let { certificates } = first;
  opened.push(() => configuration.close());
  opened.push(database.onMoved(() => void configuration.follow()));
  const availability = new StoreAvailability({ database, feed, configuration, eventLog, health, log, now });
  opened.push(() => availability.stop());
  const others = new EpochFollower({ store, feed, log });
  opened.push(() => others.stop());
  opened.push(database.onMoved(() => void others.look()));

  const joinToken = (kind: 'publisher' | 'device', owner: string, lifeMs: number) => {
    const { config } = configuration.current();
    const { tunnel: tunnelDomain } = config.domains;
    return issueJoinToken(store, ca, { kind, owner, pop: popAddress(config), tunnelDomain, lifeMs, now: now() });
  };
  const app = portalApp({
    store,
    sessions,
    tickets,
    pending,
    revocations: feed,
    files: loadStaticFiles(WEB_DIST),
    log,
    intentKey,
    now,
    published: () => configuration.current(),
    verify: (job) => saml.verify(job),
    edges: () => edges.statuses(),
    deviceCode: async (user) => {
      if ((await devices.room(user)) < 1) throw new CausewayError('CW_DEVICE_LIMIT');
      return joinToken('device', user, LIMITS.deviceCodeMs);
    },
    loginSucceeded: () => metrics.logins.inc({ result: 'ok' }),
    loginFailed: (code, address) => {
      metrics.logins.inc({ result: code });
      watch.loginFailed(address);
    },
    ready: () => health.ready,
    storeStatus: () => availability.status(),
  });
  const adminOriginNow = (): string => adminOrigin(configuration.current().config);
  const scim = scimApp({
    directory,
    verifyToken: (idp, token) => scimTokens.verify(idp, token),
    origin: adminOriginNow,
    log,
    now,
  });
  const adminHost = adminHostApp(adminOriginNow);
  adminHost.route('/scim/v2/:idp', scim);
  const adminServices = {
    ...adminRecords({ database, eventLog, onEntry: (entry) => watch.audited(entry), now }),
    eventLog,
    alerts,
    incidents,
    database,
    store,
    secrets,
    objects,
    snapshots: new Snapshots({ database, location, compiler, objects, configuration }),
    directory,
    scimTokens,
    sessions,
    devices,
    publisherReports,
    revocations: feed,
    published: () => configuration.current(),
    edges: () => edges.statuses(),
    joinToken: (publisher: string, lifeMs: number) => joinToken('publisher', publisher, lifeMs),
    origin: adminOriginNow,
    limits: ADMIN_LIMITS,
    log,
    now,
  };
  adminHost.route('/api/v1', adminApp(adminServices));
  const loginOrigin = (): string => configuration.current().snapshot.loginOrigin;
  adminHost.route('/', adminLogin({ ...adminServices, tickets, intentKey, loginOrigin }));
  const local = {
    ...localCalls(adminServices, (request, env) => adminHost.fetch(request, env)),
    ...keyCalls({ secrets, audit: adminServices.audit, log, now }),
  };
  const answer = byHost(
    (request, env) => app.fetch(request, env),
    (request, env) => adminHost.fetch(request, env),
    adminOriginNow,
  );
  const login = new HandedOver(answer, certificates.identity, log, (own) => send({ t: 'identity', ...own }));
  const metrics = controlMetrics({
    edges: () => edges.size,
    edgesDropped: () => edges.dropped,
    epoch: () => feed.epoch,
    cut: () => feed.cut,
    snapshot: () => configuration.current().snapshot.number,
    connections: () => login.connections,
    store: availability,
  });

  const admin = adminCalls({
    store,
    directory,
    devices,
    eventLog,
    ca,
    sessions,
    edges,
    feed,
    configuration,
    health,
    storeStatus: () => availability.status(),
    log,
    version: VERSION,
    now,
  });
  const edgeServices = {
    store,
    directory,
    eventLog,
    enrolment,
    sessions,
    tickets,
    edges,
    feed,
    log,
    now,
    published: () => configuration.current(),
    offered: () => configuration.offered(),
    secrets: edgeSecrets,
    devices,
    storeLostMs: () => availability.lostMs,
    publisherReports,
  };
  await exports.use(configuration.current().config.events.export);
  await feed.start();
  opened.push(() => feed.stop());
  const rpc = await RpcServer.listen({
    path: join(start.dataDir, 'run', 'control.sock'),
    log,
    handlers: (channel) => ({ ...edgeCalls(edgeServices, channel), ...admin, ...local, ...tails.calls(channel) }),
    onClosed: (channel) => {
      edges.remove(channel);
      tails.remove(channel);
    },
  });
  opened.push(() => rpc.close());

  const rounds = new Rounds(log);
  opened.push(() => rounds.stop());
  const report = async (): Promise<void> => {
    availability.report();
    health.connected(edges.size, edges.statuses(), configuration.current().snapshot.publishers);
    const changed = health.changed();
    if (changed !== null) send({ t: 'health', ...changed });
  };
  configuration.watch((onChange) => watchFiles(onChange, log));
  health.set('login', 'ok', configuration.current().snapshot.loginOrigin);
  await report();
  rounds.every(HEALTH_MS, 'health', report);
  rounds.every(HEALTH_MS, 'alerts', () => events.look({ store, edges: edges.statuses(), certificates }));
  rounds.every(SWEEP_MS, 'sweep', async () => {
    await store.sweep(now());
    await events.sweep();
  });
  const { pops, hits } = adminServices;
  const startedAt = now();
  const whatThisIs = () => ({
    ...pop,
    version: VERSION,
    snapshot: configuration.current().snapshot.number,
    epoch: feed.epoch,
    workers: edges.statuses().map(workerOf),
    degraded: health.degraded(),
    startedAt,
  });
  const popReport = new PopReport(pops, whatThisIs, now);
  await popReport.look();
  rounds.every(POP_LOOK_MS, 'report of this PoP', () => popReport.look());
  rounds.every(POP_BEAT_MS, 'reports of publishers', () => publisherReports.flush());
  rounds.every(HITS_MS, 'hits of rules', () => hits.flush());
  opened.push(() => hits.flush().catch(() => undefined));
  rounds.every(SWEEP_MS, 'devices', () => devices.sweep());
  rounds.every(SWEEP_MS, 'admin records', () => sweepAdmin(database, now()));
  rounds.every(CERTIFICATES_MS, 'certificates', renewCertificates);
  rounds.every(TICKET_KEYS_MS, 'ticket keys', async () => {
    ticketKeys = randomBytes(48).toString('base64');
    await edges.push('secrets.put', edgeSecrets());
  });

  let stopping: Promise<void> | null = null;
  return {
    get snapshot() {
      return configuration.current().snapshot.number;
    },
    handover: (socket, head) => login.receive(socket, head),
    metrics: async () => metrics.registry.getMetricsAsJSON(),
    stop: (deadlineMs) => {
      stopping ??= (async () => {
        events.endFollowing();
        await login.close(deadlineMs);
        for (const close of opened.toReversed()) await close();
      })();
      return stopping;
    },
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
