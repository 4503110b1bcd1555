import type { AssignedApp, Principal, Report, Verdict } from '@causeway/contract';
import type { SnapshotManifest } from './snapshot.ts';

/**
 * Everything that the processes of one PoP say to each other, as a map from the name of a call to its arguments and
 * answer. The parties are one deployment and one version, so these are types; what comes from outside was checked
 * before it became a message. A member `bytes` of arguments or answers travels as it is, other bytes as base64, certificates and keys as PEM, times in milliseconds since 1970.
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
  /** `audit`: what an administrator did, `decision` being its reference; of `alert` and `incident` it leads to them. */
  readonly kind: 'request' | 'flow' | 'cut' | 'alert' | 'incident' | 'audit';
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

/** An event under its number in the store, by which it is read again and following is resumed. */
export interface StoredEvent extends EventRecord {
  readonly id: number;
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
  readonly method?: string;
  readonly verb?: string;
  readonly worker?: number;
  /** It took at least so many milliseconds. */
  readonly minMs?: number;
  /** Both directions together, at least. */
  readonly minBytes?: number;
  /** Not before, milliseconds since 1970. */
  readonly since?: number;
  /** Before. */
  readonly until?: number;
  /** Somewhere in verb, path or reason. */
  readonly text?: string;
}

/** Events that who follows does not see: forgotten meanwhile, or too many for how slowly they are taken. */
export interface EventGap {
  /** The last that was seen. */
  readonly after: number;
  /** Following goes on behind this one. */
  readonly until: number;
  readonly why: 'forgotten' | 'too slow' | 'unknown id';
}

export interface EventPageRequest {
  /** 1 to 500. */
  readonly limit: number;
  /** `next` or `previous` of another page of the same list. */
  readonly cursor?: string;
  /** Newest first where it is absent. */
  readonly oldestFirst?: boolean;
}

export interface EventPage {
  readonly items: readonly StoredEvent[];
  /** Where the next page begins; `null` where this is the last. */
  readonly next: string | null;
  /** The page before this one; `null` where this is the first. */
  readonly previous: string | null;
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
  /** Events that found no place, since this process started. */
  readonly eventsDropped: number;
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
    /** `sessions`: `null` while the store is lost; then `storeLostMs` says for how long. */
    answer: {
      snapshot: SnapshotManifest;
      secrets: EdgeSecrets;
      sessions: readonly SessionGrant[] | null;
      epoch: number;
      storeLostMs: number | null;
    };
  };
  /** From `from` on as much as one answer carries; `null` where the newest snapshot does not have the piece. */
  'snapshot.piece': { args: { hash: string; from: number }; answer: { bytes: Uint8Array } | null };
  /** Asked for by an edge whose manifest is out of date, or that could not use it. */
  'snapshot.newest': { args: null; answer: SnapshotManifest };
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
  /** Answered with what is in force at the edge, once that is this or something newer. */
  'snapshot.put': { args: SnapshotManifest; answer: { number: number } };
  'secrets.put': { args: EdgeSecrets; answer: null };
  /** A new token, or other groups of one that is held: what is open under it is decided again. */
  'session.put': { args: SessionGrant; answer: null };
  /** Other groups of people who are signed in, many at once. Answered when all that they have open is decided again. */
  'sessions.regroup': { args: { grants: readonly SessionGrant[] }; answer: null };
  /** Answered when everything named has been cut. */
  revoke: { args: Revocation; answer: { epoch: number; cut: number } };
  /** Every second, so that an edge knows whether its feed is live. `storeLostMs`: `null` while the store answers. */
  'feed.beat': { args: { epoch: number; storeLostMs: number | null }; answer: null };
  /** Groups or binding of a person changed: decide the open streams of these devices again. */
  'device.principal': { args: { device: string; principal: Principal }; answer: null };
}

/** Of the keys that seal the store's secrets. `masterKey`: another one, in base64. */
export type KeyRequest =
  | { readonly do: 'list' | 'rotate' }
  | { readonly do: 'add'; readonly masterKey: string }
  | { readonly do: 'remove'; readonly id: string };

export interface KeyState {
  readonly dataKey: string;
  readonly dataKeySince: number;
  /** How many secrets it seals. */
  readonly secrets: number;
  /** Those that open the store, oldest first; more than one while it is being changed. */
  readonly masterKeys: readonly { readonly id: string; readonly since: number; readonly inUse: boolean }[];
}

/** Calls of the command line, over the data folder's socket (readable by the PoP's own user alone). */
export interface AdminCalls {
  'admin.status': { args: null; answer: PopStatus };
  'admin.explain': {
    args: AccessQuestion;
    answer: Explanation;
  };
  'admin.token': { args: { publisher: string }; answer: { token: string; expiresAt: number } };
  'admin.reload': { args: null; answer: { number: number } };
  'admin.sessions': { args: null; answer: readonly SessionSummary[] };
  /** A token of an owner that works on this machine alone, for an hour. */
  'admin.owner': { args: null; answer: { token: string; expiresAt: number } };
  /** A request to the admin API; `path` begins with `/api/v1/`. */
  'admin.api': {
    args: { method: string; path: string; headers: Readonly<Record<string, string>>; body: string | null };
    answer: { status: number; headers: Readonly<Record<string, string>>; body: string };
  };
  'admin.keys': { args: KeyRequest; answer: KeyState };
  'admin.events': { args: EventPageRequest & { query: EventQuery }; answer: EventPage };
  /** From now on `tail.events` is called with the events as they come, until the connection ends. */
  'admin.tail': { args: { query: EventQuery }; answer: null };
}

/** Calls that control makes to a command line that follows the events. */
export interface TailCalls {
  /** Answered when they are shown: the next batch waits for it. `gap`: what was left out before these. */
  'tail.events': { args: { events: readonly StoredEvent[]; gap: EventGap | null }; answer: null };
}

export interface SessionSummary {
  readonly id: string;
  readonly user: string;
  readonly groups: readonly string[];
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly hosts: readonly string[];
}

/** Whether the store answers; `since` in milliseconds since 1970. */
export type StoreStatus =
  | { readonly state: 'ok'; readonly kind: string }
  | {
      readonly state: 'lost';
      readonly kind: string;
      readonly since: number;
      readonly why: string;
      readonly graceEnds: number;
    };

export interface PopStatus {
  readonly version: string;
  readonly store: StoreStatus;
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
  /** `null` while the store is lost; publishers and devices are then those with a tunnel here. */
  readonly sessions: number | null;
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

/** Who may open what; facts that are absent are those of the directory. */
export interface AccessQuestion {
  /** May be absent where a device is named: its owner then. */
  readonly user?: string;
  readonly groups?: readonly string[];
  readonly ou?: string;
  /** Id or name of a device of the person; asks as that device would. */
  readonly device?: string;
  /** Posture profiles that the device satisfies. */
  readonly posture?: readonly string[];
  /** `agent` with a device, else `browser` where absent. */
  readonly method?: 'browser' | 'agent';
  readonly target: string;
  readonly from?: string;
  /** Now where absent. */
  readonly at?: number;
}

/** What the rules say. */
export interface PolicyExplanation {
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
  /** What the verdict would be otherwise by, each a sentence; a few at most. */
  readonly changes: readonly string[];
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

/** What the rules say, and whether the person and their device come as far as the rules. */
export interface Explanation extends PolicyExplanation {
  /** What ends access whatever the rules say; `verdict` is of it then. */
  readonly refused: { readonly code: string; readonly why: string } | null;
  /** What the rules alone say. */
  readonly byRules: Verdict;
  /** Where the person's groups come from; `nobody`: nobody is known under this name, so there are none. */
  readonly groupsFrom: 'given' | 'directory' | 'nobody';
  readonly device: {
    readonly id: string;
    readonly name: string;
    readonly user: string;
    readonly state: string;
    readonly os: string;
  } | null;
  /** Posture profiles that were named. No rule can ask for one yet. */
  readonly posture: readonly string[];
}
