import type { AssignedApp, ErrorCode, Principal, PrivateApp, PolicyRule, Report, Verdict } from '@causeway/contract';

/**
 * Everything that the processes of one PoP say to each other, as a map from the name of a call to its arguments and
 * answer. The parties are one deployment and one version, so these are types; what comes from outside was checked
 * before it became a message. Bytes travel as base64, certificates and keys as PEM, times in milliseconds since 1970.
 */

/** One app-host token of a login session, as every edge holds it. */
export interface SessionGrant {
  /** SHA-256 of the cookie's token, base64url. */
  readonly tokenHash: string;
  /** The app host the token is good for, and no other. */
  readonly host: string;
  readonly principal: Principal;
  readonly expiresAt: number;
}

/** The published configuration as the edges need it: immutable, numbered, swapped whole. */
export interface Snapshot {
  readonly number: number;
  readonly accessDomain: string;
  readonly identityDomain: string;
  readonly tunnelDomain: string;
  /** `https://login.<identity domain>[:port]`, no final slash. */
  readonly loginOrigin: string;
  readonly apps: readonly PrivateApp[];
  /** In order; the image was compiled from exactly these, and its rule numbers index them. */
  readonly rules: readonly PolicyRule[];
  /** IANA name of the zone in which rules' times are meant. */
  readonly timeZone: string;
  /** wasm-core policy image, base64. */
  readonly policyImage: string;
  readonly publishers: readonly string[];
  /** The port in URLs that people see. */
  readonly publicPort: number;
}

/** Key material of the edges. Never logged, never written outside the data folder. */
export interface EdgeSecrets {
  /** Certificate chain and key for `*.<access domain>`. */
  readonly access: { readonly cert: string; readonly key: string };
  /** Certificates that custom URLs have of their own; a host is in one of them at most. */
  readonly custom: readonly { readonly hosts: readonly string[]; readonly cert: string; readonly key: string }[];
  /** Chain **with root** and key for `*.<tunnel domain>`. */
  readonly tunnel: { readonly cert: string; readonly key: string };
  /** CA bundle that client certificates of publishers and devices chain to. */
  readonly ca: string;
  /** 48 bytes, shared by the workers so that a browser resumes anywhere. */
  readonly ticketKeys: string;
  /** 32 bytes sealing the login intents that strangers carry from an app host to the login host. */
  readonly intentKey: string;
}

export interface EventRecord {
  readonly at: number;
  readonly decision: string;
  readonly kind: 'request' | 'flow' | 'cut' | 'alert';
  readonly user: string | null;
  readonly device: string | null;
  readonly session: string | null;
  readonly app: string | null;
  readonly method: 'browser' | 'agent' | null;
  readonly verdict: Verdict | null;
  readonly address: string;
  /** For requests: verb, path without query, status and bytes. For the others `path` holds the target or reason. */
  readonly verb: string | null;
  readonly path: string | null;
  readonly status: number | null;
  readonly bytesUp: number;
  readonly bytesDown: number;
  readonly ms: number;
  readonly worker: number;
}

/** What events are found by; all of it must hold. Text is compared without regard to case. */
export interface EventQuery {
  readonly user?: string;
  readonly app?: string;
  readonly device?: string;
  readonly session?: string;
  /** The name of the rule that decided. */
  readonly rule?: string;
  readonly action?: string;
  readonly decision?: string;
  readonly address?: string;
  readonly kind?: EventRecord['kind'];
  readonly status?: number;
  /** Not before, milliseconds since 1970. */
  readonly since?: number;
  /** Before. */
  readonly until?: number;
  /** Somewhere in verb, path or reason. */
  readonly text?: string;
}

export interface EventPageRequest {
  /** 1 to 500. */
  readonly limit: number;
  /** `next` of the page before. */
  readonly cursor?: string;
}

export interface EventPage {
  /** Newest first. */
  readonly items: readonly EventRecord[];
  /** Where the next page begins; `null` where this is the last. */
  readonly next: string | null;
  /** Whether the page is short because one page looks at so many events only; `next` goes on. */
  readonly partial: boolean;
}

export interface Revocation {
  readonly epoch: number;
  readonly sessions: readonly string[];
  readonly devices: readonly string[];
  readonly publishers: readonly string[];
  /** Devices whose person has no access any more, and may get it back. */
  readonly suspended: readonly string[];
  /** Devices that an administrator has cut off until they are released. */
  readonly quarantined: readonly string[];
  readonly why: string;
}

export interface EdgeStatus {
  readonly worker: number;
  readonly pid: number;
  readonly snapshot: number;
  readonly epoch: number;
  readonly sessions: number;
  readonly openStreams: number;
  readonly sockets: number;
  readonly publishers: readonly {
    readonly id: string;
    readonly name: string;
    readonly since: number;
    readonly streams: number;
  }[];
  readonly agents: readonly { readonly device: string; readonly user: string; readonly streams: number }[];
}

/** A peer of the tunnel as control knows it from its certificate. */
export type TunnelPeer =
  | { readonly kind: 'publisher'; readonly id: string; readonly name: string; readonly apps: readonly AssignedApp[] }
  | { readonly kind: 'device'; readonly id: string; readonly name: string; readonly principal: Principal };

/** Calls that an edge makes and control answers. */
export interface EdgeCalls {
  'edge.hello': {
    args: { worker: number; pid: number };
    answer: { snapshot: Snapshot; secrets: EdgeSecrets; sessions: readonly SessionGrant[]; epoch: number };
  };
  'session.lookup': { args: { tokenHash: string }; answer: SessionGrant | null };
  /** `nonceHash`: SHA-256 of the nonce cookie of the app host, base64url. Answers after every live edge holds the grant. */
  'ticket.redeem': {
    args: { ticket: string; nonceHash: string; host: string };
    answer: { token: string; returnTo: string; expiresAt: number };
  };
  /** Ends the login session behind an app-host session, everywhere. */
  'session.end': { args: { session: string; why: string }; answer: null };
  /** Stored before it is answered. */
  'event.batch': { args: { events: readonly EventRecord[] }; answer: null };
  /**
   * `fingerprint`: SHA-256 of the leaf's DER, `keyFingerprint`: of its public key, 64 hex digits each. Refuses revoked
   * and unknown certificates.
   */
  'tunnel.peer': { args: { fingerprint: string; keyFingerprint: string; id: string }; answer: TunnelPeer };
  /** What a peer that serves says of itself. */
  'tunnel.report': { args: { id: string; report: Omit<Report, 't'> }; answer: null };
  'tunnel.enrol': {
    args: { secret: string; csr: string; name: string; address: string };
    answer: { id: string; name: string; certificate: string; ca: string };
  };
  'tunnel.renew': {
    args: { fingerprint: string; id: string; csr: string };
    answer: { certificate: string; ca: string };
  };
  'edge.status': { args: EdgeStatus; answer: null };
}

/** Calls that control makes and an edge answers once it has acted. */
export interface ControlCalls {
  'snapshot.put': { args: Snapshot; answer: { number: number } };
  'secrets.put': { args: EdgeSecrets; answer: null };
  /** A new token, or other groups of one that is held: what is open under it is decided again. */
  'session.put': { args: SessionGrant; answer: null };
  /** Answered when everything named has been cut. */
  revoke: { args: Revocation; answer: { epoch: number; cut: number } };
  /** Every second, so that an edge knows whether its feed is live. */
  'feed.beat': { args: { epoch: number }; answer: null };
  /** Groups or binding of a person changed: decide the open streams of these devices again. */
  'device.principal': { args: { device: string; principal: Principal }; answer: null };
}

/** Calls of the command line, over the data folder's socket (readable by the PoP's own user alone). */
export interface AdminCalls {
  'admin.status': { args: null; answer: PopStatus };
  'admin.explain': {
    args: ExplainQuestion & { user: string; groups?: readonly string[]; ou?: string };
    answer: Explanation;
  };
  'admin.token': { args: { publisher: string }; answer: { token: string; expiresAt: number } };
  'admin.reload': { args: null; answer: { number: number } };
  'admin.revoke': { args: { kind: 'session' | 'device' | 'publisher' | 'user'; id: string }; answer: { cut: number } };
  'admin.sessions': { args: null; answer: readonly SessionSummary[] };
  /** A token of an owner that works on this machine alone, for an hour. */
  'admin.owner': { args: null; answer: { token: string; expiresAt: number } };
  /** A request to the admin API; `path` begins with `/api/v1/`. */
  'admin.api': {
    args: { method: string; path: string; headers: Readonly<Record<string, string>>; body: string | null };
    answer: { status: number; headers: Readonly<Record<string, string>>; body: string };
  };
  'admin.events': { args: EventPageRequest & { query: EventQuery }; answer: EventPage };
  /** From now on `tail.events` is called with the events as they come, until the connection ends. */
  'admin.tail': { args: { query: EventQuery }; answer: null };
}

/** Calls that control makes to a command line that follows the events. */
export interface TailCalls {
  /** Answered when they are shown: the next batch waits for it. `dropped`: left out before these, being too many. */
  'tail.events': { args: { events: readonly EventRecord[]; dropped: number }; answer: null };
}

export interface SessionSummary {
  readonly id: string;
  readonly user: string;
  readonly groups: readonly string[];
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly hosts: readonly string[];
}

export interface PopStatus {
  readonly version: string;
  readonly snapshot: number;
  readonly epoch: number;
  readonly loginOrigin: string;
  readonly edges: readonly EdgeStatus[];
  readonly publishers: readonly {
    name: string;
    id: string;
    enrolled: boolean;
    revoked: boolean;
    connectedWorkers: number;
  }[];
  readonly devices: readonly { id: string; name: string; user: string; revoked: boolean; connected: boolean }[];
  readonly sessions: number;
  /** What is wrong, each with a code where there is one; empty when all is well. */
  readonly degraded: readonly string[];
}

export interface ExplainQuestion {
  readonly method: 'browser' | 'agent';
  /** A custom URL or its host, or `host:port` as a device would ask for it, or an app's name. */
  readonly target: string;
  /** The client's address; needed where rules ask for it. */
  readonly from?: string;
  /** As of when, in milliseconds since 1970. */
  readonly at: number;
}

export interface Explanation {
  readonly app: string | null;
  /** `host:port` that was decided; `null` without an app. */
  readonly destination: string | null;
  readonly verdict: Verdict;
  /** Rules in the order in which they were tried, up to the one that matched. */
  readonly steps: readonly { readonly rule: string; readonly matched: boolean; readonly why: string }[];
  /**
   * Rules among these, or kept from deciding by the last of them, that can never decide, and what comes before them;
   * `null` while control is still looking for them.
   */
  readonly shadowed: readonly { readonly rule: string; readonly by: string | null }[] | null;
  readonly snapshot: number;
  /** The facts that it was decided by. */
  readonly asked: {
    readonly user: string;
    readonly groups: readonly string[];
    readonly ou: string | null;
    readonly method: 'browser' | 'agent';
    readonly from: string | null;
    readonly at: number;
    readonly timeZone: string;
  };
}

export interface RpcError {
  readonly code: ErrorCode;
  readonly message: string;
}
