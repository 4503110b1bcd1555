import { hash } from 'node:crypto';
import type { Principal } from '@causeway/contract';
import type { SessionGrant } from '../rpc/messages.ts';
import { OpenedPrincipal } from './config/opened-principal.ts';
import { Slices } from './slices.ts';

/** A grant and what was made of it once: its principal opened in the policy that is in force. */
export class Session {
  #grant: SessionGrant;
  #opened: OpenedPrincipal;
  /** It is held no more: expired, revoked, or signed out. A request that found it before must not go on. */
  ended = false;

  constructor(grant: SessionGrant) {
    this.#grant = grant;
    this.#opened = new OpenedPrincipal(grant.principal);
  }

  get grant(): SessionGrant {
    return this.#grant;
  }

  get opened(): OpenedPrincipal {
    return this.#opened;
  }

  /** Other groups: what is open goes on with this session and must be decided again. */
  renew(grant: SessionGrant): void {
    this.#opened.close();
    this.#grant = grant;
    this.#opened = new OpenedPrincipal(grant.principal);
  }

  get principal(): Principal {
    return this.grant.principal;
  }
}

export interface SessionsOptions {
  /** Asks control for a token that no push brought. Rejects when control does not answer. */
  lookup(tokenHash: string): Promise<SessionGrant | null>;
  now(): number;
}

const TOKEN = /^[\w-]{43}$/;
/** Unknown tokens remembered, and for how long: a scanner costs control one question per token. */
const MISSES = 10_000;
const MISS_MS = 10_000;
/** Questions to control per second and at once; a token beyond that waits for a later request. */
const LOOKUPS_PER_SECOND = 200;
const LOOKUPS_AT_ONCE = 100;

export type Found = Session | null | 'busy';

/** Every live app-host session of the deployment, by the hash of its token. */
export class Sessions {
  readonly #options: SessionsOptions;
  readonly #byHash = new Map<string, Session>();
  /** Token hashes of each login session. */
  readonly #byId = new Map<string, Set<string>>();
  readonly #misses = new Map<string, number>();
  readonly #asked = new Map<string, Promise<Found>>();
  /** Tokens that got other groups while control was asked: the answer may be from before. */
  readonly #outdated = new Set<string>();
  /** Login sessions that ended while control was asked for any token: its answer may be from before. */
  readonly #endedMeanwhile = new Set<string>();
  #second = 0;
  #inSecond = 0;

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#byHash.size;
  }

  static hashOf(token: string): string | null {
    return TOKEN.test(token) ? hash('sha256', token, 'base64url') : null;
  }

  /**
   * The session behind a token's hash. Synchronous for what is known; otherwise control is asked once. Rejects when
   * it does not answer.
   */
  find(tokenHash: string): Found | Promise<Found> {
    const session = this.#byHash.get(tokenHash);
    const now = this.#options.now();
    if (session !== undefined) {
      if (session.grant.expiresAt > now) return session;
      this.remove(tokenHash);
      return null;
    }
    const missed = this.#misses.get(tokenHash);
    if (missed !== undefined && now < missed) return null;
    return this.#asked.get(tokenHash) ?? this.#ask(tokenHash, now);
  }

  /** @returns whether the token was held with another principal */
  put(grant: SessionGrant): boolean {
    this.#misses.delete(grant.tokenHash);
    const known = this.#byHash.get(grant.tokenHash);
    if (known === undefined) {
      this.#add(new Session(grant));
      return false;
    }
    if (samePrincipal(known.grant, grant)) return false;
    known.renew(grant);
    return true;
  }

  /** What is live now, as control says. @returns ids of login sessions of which nothing is left */
  replaceAll(grants: readonly SessionGrant[]): string[] {
    const before = new Set<string>();
    for (const session of this.#byHash.values()) before.add(session.principal.session);
    const kept = new Set(grants.map((grant) => grant.tokenHash));
    for (const tokenHash of this.#byHash.keys()) if (!kept.has(tokenHash)) this.remove(tokenHash);
    for (const grant of grants) {
      before.delete(grant.principal.session);
      const known = this.#byHash.get(grant.tokenHash);
      if (known === undefined || !samePrincipal(known.grant, grant)) this.put(grant);
    }
    return [...before];
  }

  /** @param ids of login sessions. In slices: nothing is held of them when it resolves. */
  async end(ids: Iterable<string>): Promise<void> {
    const slices = new Slices();
    const all = [...ids];
    if (this.#asked.size > 0) for (const id of all) this.#endedMeanwhile.add(id);
    for (const id of all) {
      if (slices.due()) await slices.turn();
      for (const tokenHash of this.#byId.get(id) ?? []) this.remove(tokenHash);
    }
  }

  /**
   * Other groups of people who are signed in. In slices. A token that is not held stays so: what was ended since the
   * grants were read, or while the loop had its turn, must not come back.
   *
   * @returns login sessions that have another principal now
   */
  async regroup(grants: readonly SessionGrant[]): Promise<string[]> {
    const changed = new Set<string>();
    const slices = new Slices();
    for (const grant of grants) {
      if (slices.due()) await slices.turn();
      const { tokenHash, principal } = grant;
      if (this.#asked.has(tokenHash)) this.#outdated.add(tokenHash);
      if (this.#byHash.has(tokenHash) && this.put(grant)) changed.add(principal.session);
    }
    return [...changed];
  }

  /** Drops what has expired; returns the login sessions that it belonged to. */
  sweep(): string[] {
    const now = this.#options.now();
    const ended = new Set<string>();
    for (const [tokenHash, session] of this.#byHash) {
      if (session.grant.expiresAt > now) continue;
      ended.add(session.principal.session);
      this.remove(tokenHash);
    }
    for (const [tokenHash, until] of this.#misses) if (until <= now) this.#misses.delete(tokenHash);
    return [...ended];
  }

  remove(tokenHash: string): void {
    const session = this.#byHash.get(tokenHash);
    if (session === undefined) return;
    session.ended = true;
    session.opened.close();
    this.#byHash.delete(tokenHash);
    const id = session.principal.session;
    const own = this.#byId.get(id);
    if (own?.delete(tokenHash) === true && own.size === 0) this.#byId.delete(id);
  }

  #add(session: Session): void {
    const { tokenHash } = session.grant;
    this.#byHash.set(tokenHash, session);
    const own = this.#byId.get(session.principal.session);
    if (own === undefined) this.#byId.set(session.principal.session, new Set([tokenHash]));
    else own.add(tokenHash);
  }

  #ask(tokenHash: string, now: number): Found | Promise<Found> {
    const second = Math.floor(now / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#inSecond = 0;
    }
    if (this.#inSecond >= LOOKUPS_PER_SECOND || this.#asked.size >= LOOKUPS_AT_ONCE) return 'busy';
    this.#inSecond++;
    const asked = this.#options.lookup(tokenHash).then(
      (grant) => {
        const ended = grant !== null && this.#endedMeanwhile.has(grant.principal.session);
        const outdated = this.#outdated.has(tokenHash);
        this.#answered(tokenHash);
        if (outdated && !ended) return this.find(tokenHash);
        if (!ended && grant !== null && grant.tokenHash === tokenHash && grant.expiresAt > this.#options.now()) {
          if (!this.#byHash.has(tokenHash)) this.put(grant);
          return this.#byHash.get(tokenHash) ?? null;
        }
        this.#miss(tokenHash);
        return null;
      },
      (error: unknown) => {
        this.#answered(tokenHash);
        throw error;
      },
    );
    this.#asked.set(tokenHash, asked);
    return asked;
  }

  #answered(tokenHash: string): void {
    this.#asked.delete(tokenHash);
    this.#outdated.delete(tokenHash);
    if (this.#asked.size === 0) this.#endedMeanwhile.clear();
  }

  #miss(tokenHash: string): void {
    if (this.#misses.size >= MISSES) {
      const oldest = this.#misses.keys().next().value;
      if (oldest !== undefined) this.#misses.delete(oldest);
    }
    this.#misses.set(tokenHash, this.#options.now() + MISS_MS);
  }
}

function samePrincipal(a: SessionGrant, b: SessionGrant): boolean {
  return (
    a.host === b.host && a.expiresAt === b.expiresAt && JSON.stringify(a.principal) === JSON.stringify(b.principal)
  );
}
