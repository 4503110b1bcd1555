import { z } from 'zod';
import { hostPattern, portRange, slug } from './private-app.ts';

/**
 * The control stream of a tunnel: the first stream that the dialling side opens, kind `control`. After the open
 * answer both sides send messages, each a u32 BE length and that many bytes of JSON (`LIMITS.controlMessageBytes`).
 *
 *     dialler                             acceptor
 *        | hello (versions, role)            |
 *        |---------------------------------->|     with a valid certificate
 *        |      welcome (version, workers)   |
 *        |<----------------------------------|
 *        |      assign | steer | drain …     |
 *        |<----------------------------------|
 *        | report, now and then              |     since version 2
 *        |---------------------------------->|
 *
 * Without a certificate only `enrol`, with an expired one only `renew` is answered; then the tunnel is closed.
 */
export const PROTOCOL_VERSIONS: readonly number[] = [1, 2];
/** From this version on the acceptor takes reports. */
export const REPORT_VERSION = 2;

const pem = z.string().max(32 * 1024);

export const hello = z.strictObject({
  t: z.literal('hello'),
  versions: z.array(z.number().int()).min(1).max(16),
  role: z.enum(['publisher', 'agent']),
  software: z.string().max(100),
  /** Milliseconds since 1970 on the dialler's clock, so that skew is told, not guessed. */
  clock: z.number(),
});
export const enrol = z.strictObject({
  t: z.literal('enrol'),
  /** The secret part of the join token. */
  secret: z.string().max(200),
  /** PKCS#10; only its public key and proof of possession are used, the PoP sets every name. */
  csr: pem,
  /** What the device or publisher calls itself; a publisher's name is fixed by its token. */
  name: z.string().max(100),
});
export const renew = z.strictObject({ t: z.literal('renew'), csr: pem });

/** What the dialling program runs on, as it says itself: shown and searched, never decided by. */
export const systemFacts = z.strictObject({
  hostName: z.string().max(255),
  os: z.string().max(50),
  osVersion: z.string().max(100),
  model: z.string().max(100),
  /** SHA-256 over what is unique to the machine's installation, 64 hex digits; empty where there is no such thing. */
  machine: z.string().regex(/^(?:[0-9a-f]{64})?$/),
});
export type SystemFacts = z.infer<typeof systemFacts>;

const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
/** Of the publisher's whole process, whichever tunnel it is told on. */
export const publisherLoad = z.strictObject({
  /** Open now. */
  streams: count,
  /** Payload of ended streams since the start: up is towards the apps. */
  bytesUp: count,
  bytesDown: count,
  /** Of one processor, over the time since the last report: 0.5 is half of one. */
  cpu: z.number().min(0).max(4_096),
  memoryBytes: count,
});
/** How the last attempt to reach an app went. */
export const appHealth = z.strictObject({
  name: slug,
  /** Milliseconds since 1970, on the publisher's clock. */
  at: count,
  /** Why it failed; `null` where it did not. */
  code: z.string().max(50).nullable(),
});
/** Apps in one report at most: those that fail first. */
export const REPORTED_APPS = 200;
/** What a publisher or agent says of itself: after the welcome and then at most every few seconds; more is dropped. */
export const report = z.strictObject({
  t: z.literal('report'),
  software: z.string().max(100),
  /** Milliseconds since 1970, on the dialler's clock. */
  startedAt: count,
  system: systemFacts,
  load: publisherLoad.optional(),
  apps: z.array(appHealth).max(REPORTED_APPS).optional(),
});
export type Report = z.infer<typeof report>;

export const dialerMessage = z.discriminatedUnion('t', [hello, enrol, renew, report]);
export type DialerMessage = z.infer<typeof dialerMessage>;

/** A tunnel end point of one edge worker: dial the PoP's address with this name in SNI. */
const worker = z.strictObject({ index: z.number().int().min(0), serverName: z.string() });

export const welcome = z.strictObject({
  t: z.literal('welcome'),
  version: z.number().int(),
  /** This worker; a publisher dials every one of `workers`, an agent stays where it landed. */
  worker: z.number().int().min(0),
  workers: z.array(worker).min(1).max(256),
  id: z.string(),
  name: z.string(),
  clock: z.number(),
});
export const workers = z.strictObject({ t: z.literal('workers'), workers: z.array(worker).min(1).max(256) });
export const enrolled = z.strictObject({
  t: z.literal('enrolled'),
  id: z.string(),
  name: z.string(),
  certificate: pem,
  /** The deployment's CA, one or two certificates while it rolls over. */
  ca: pem,
  /** The zone of tunnel names: `enrol.` and `agent.` and `w<N>.` below it. */
  tunnelDomain: z.string(),
});
export const renewed = z.strictObject({ t: z.literal('renewed'), certificate: pem, ca: pem });

export const assignedApp = z.strictObject({
  name: slug,
  /** Everything that the app's streams may name, upstream included. */
  targets: z.array(z.strictObject({ host: hostPattern, ports: z.array(portRange) })),
});
export type AssignedApp = z.infer<typeof assignedApp>;
/** To a publisher: the whole list of what it serves, replacing the last one. */
export const assign = z.strictObject({ t: z.literal('assign'), apps: z.array(assignedApp) });
/** To an agent: what its person may open now, replacing the last one. */
export const steer = z.strictObject({ t: z.literal('steer'), user: z.string(), apps: z.array(assignedApp) });
/** The worker will go: dial again elsewhere first, then let the streams of this tunnel end. */
export const drain = z.strictObject({ t: z.literal('drain'), deadlineMs: z.number().int() });
export const refused = z.strictObject({ t: z.literal('refused'), code: z.string(), message: z.string() });

export const acceptorMessage = z.discriminatedUnion('t', [
  welcome,
  workers,
  enrolled,
  renewed,
  assign,
  steer,
  drain,
  refused,
]);
export type AcceptorMessage = z.infer<typeof acceptorMessage>;
export type TunnelWorker = z.infer<typeof worker>;

/** ALPN name of a tunnel; the same inside a WebSocket at `wss://<any tunnel name>/tunnel`. */
export const TUNNEL_ALPN = 'causeway/1';
export const TUNNEL_PATH = '/tunnel';
export const enrolName = (tunnelDomain: string): string => `enrol.${tunnelDomain}`;
export const agentName = (tunnelDomain: string): string => `agent.${tunnelDomain}`;
export const workerName = (index: number, tunnelDomain: string): string => `w${index}.${tunnelDomain}`;
