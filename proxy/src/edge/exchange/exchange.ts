import { randomUUID } from 'node:crypto';
import type { ErrorCode, PrivateApp, Verdict } from '@causeway/contract';
import type { ActiveSnapshot } from '../config/active-snapshot.ts';
import type { LiveStream } from '../live-streams.ts';
import type { Session } from '../sessions.ts';
import type { CookieView } from './cookies.ts';
import { scanHead, type RequestHead } from './request-head.ts';

/** What an engine knows of a request before any pass ran. */
export interface RequestParts {
  readonly method: string;
  /** As it stood in the request line. */
  readonly target: string;
  readonly httpVersion: string;
  readonly rawHeaders: readonly string[];
  readonly upgrade: boolean;
  /** SNI of the connection, `null` without. */
  readonly serverName: string | null;
  readonly address: string;
  /** Stands for the connection, for what is remembered with it. */
  readonly connection: object;
}

/** Headers for `node:http`, names in lower case. Without a prototype, so that no name means anything else. */
export type HeaderTable = Record<string, string | string[]>;

export type AbortExchange = (code: ErrorCode, exchange: Exchange) => void;

const NO_COOKIES: CookieView = { header: '', tokenHash: null, nonce: null, tossed: false, forwarded: '' };

/**
 * One request of a browser, from its head to the end of its answer. Passes fill it in, in order; engines only carry
 * out what it says. It is also what a revocation finds and cuts.
 */
export class Exchange implements LiveStream {
  /** Decision id: the same in log, page, event and on the publisher's side. */
  readonly decision: string = randomUUID();
  readonly at: number = Date.now();
  readonly started: number = performance.now();
  readonly snapshot: ActiveSnapshot;
  readonly request: RequestParts;
  readonly head: RequestHead;

  /** What is forwarded, byte for byte, and so what is authorised: path and query. */
  target = '';
  /** `target` without query. */
  path = '';
  /** Host without port, lower case. */
  host = '';
  cookies: CookieView = NO_COOKIES;
  appSession: Session | null = null;
  appNumber = -1;
  app: PrivateApp | null = null;
  verdict: Verdict | null = null;
  upstreamHeaders: HeaderTable | null = null;

  /** Set by the engine while something can be cut. */
  abort: AbortExchange | null = null;
  readonly #current: () => ActiveSnapshot;

  constructor(request: RequestParts, current: () => ActiveSnapshot) {
    this.request = request;
    this.#current = current;
    this.snapshot = current();
    this.head = scanHead(request.rawHeaders);
  }

  get kind(): 'request' | 'upgrade' {
    return this.request.upgrade ? 'upgrade' : 'request';
  }

  get session(): string {
    return this.appSession?.principal.session ?? '';
  }

  get ended(): boolean {
    const changed = this.#current() !== this.snapshot || this.snapshot.policy.hasTimes;
    return this.appSession?.ended === true || (changed && !this.allowed());
  }

  get user(): string | null {
    return this.appSession?.principal.user ?? null;
  }

  get appName(): string | null {
    return this.app?.name ?? null;
  }

  get graceMs(): number {
    return this.snapshot.graceOf(this.verdict?.rule ?? null);
  }

  /** By the snapshot in force and the time now; in that snapshot the app may have another number or be gone. */
  allowed(): boolean {
    const now = this.#current();
    const app = now.index.byUrl(this.host);
    const upstream = now.apps[app]?.clientless?.upstream;
    if (this.appSession === null || upstream === undefined || now.apps[app]?.name !== this.app?.name) return false;
    const opened = this.appSession.opened.in(now.policy, this.request.address);
    return now.policy.decide(opened, app, upstream, Date.now()).action === 'allow';
  }

  cut(code: ErrorCode): void {
    this.abort?.(code, this);
  }

  /** Whether the answer is shown to a person as a page of its own (Fetch Metadata; Accept for older clients). */
  get navigation(): boolean {
    const mode = this.head.fetchMode;
    return mode === null ? this.head.accept.includes('text/html') : mode === 'navigate';
  }
}
