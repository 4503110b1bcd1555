import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { ERRORS } from '@causeway/contract';
import { Gauge, Registry } from 'prom-client';
import { NOTICE_CSP, noticePage } from '../pages/notice-page.ts';
import { retryAfter } from '../pages/retry-after.ts';
import type { ChildMessage, KeyAndCertificate } from '../rpc/supervision.ts';
import { HandedOver } from './handover.ts';
import type { Logger } from './log.ts';
import { storeUnreachable } from './store/open-database.ts';

export interface StoreWaitOptions {
  readonly log: Logger;
  readonly send: (message: ChildMessage) => void;
  readonly retryMs: number;
}

/** What the last certificate was said with may be under way when the first attempt fails. */
const INHERIT_MS = 1_000;
const CODE = 'CW_STORE_LOST';
const HEADERS = {
  'cache-control': 'no-store',
  'retry-after': String(retryAfter(CODE)),
  'x-content-type-options': 'nosniff',
  // The next request is for whoever serves then.
  connection: 'close',
};

/**
 * A control process that takes over from one that ended while the store is lost. It can say nothing about anybody, but
 * people who want to sign in are told so, with the certificate of its predecessor, rather than being hung up on:
 *
 *     starting --the store is not there--> waiting --every second--> starting --> started
 *         |                                   (503 for every request)
 *         +--anything else, or no predecessor--> fails
 *
 * Edges go on without it: what is established lasts for its grace.
 */
export class StoreWait {
  readonly #options: StoreWaitOptions;
  readonly #inherited = Promise.withResolvers<KeyAndCertificate>();
  #server: HandedOver | null = null;

  constructor(options: StoreWaitOptions) {
    this.#options = options;
  }

  /** What the process before this one served the login host with. */
  inherit({ cert, key }: KeyAndCertificate): void {
    this.#inherited.resolve({ cert, key });
  }

  /** Hangs up while nobody waits. */
  handover(socket: Socket, head: string): void {
    if (this.#server === null) socket.destroy();
    else this.#server.receive(socket, head);
  }

  async metrics(): Promise<readonly object[]> {
    const registry = new Registry();
    new Gauge({
      name: 'causeway_store_up',
      help: 'Whether the store answers and takes writes: 1 or 0.',
      registers: [registry],
    }).set(0);
    return registry.getMetricsAsJSON();
  }

  /** As `start` resolves, once the store is there; rejects as it does where waiting for the store would not help. */
  async until<T>(start: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        const started = await start();
        void this.#end();
        return started;
      } catch (error) {
        if (!storeUnreachable(error)) throw error;
        await this.#begin(error);
      }
      await delay(this.#options.retryMs * (0.5 + Math.random() / 2));
    }
  }

  async #begin(error: unknown): Promise<void> {
    if (this.#server !== null) return;
    const { log, send } = this.#options;
    const certificate = await Promise.race([this.#inherited.promise, delay(INHERIT_MS, null, { ref: false })]);
    if (certificate === null) throw error;
    const why = error instanceof Error ? error.message : String(error);
    this.#server = new HandedOver(refuse, certificate, log);
    log.error({ code: CODE, why }, 'started again without a store; waiting for it, established access goes on');
    send({ t: 'ready', snapshot: 0 });
    const detail = `${CODE}, waiting for it, established access goes on, nothing new begins: ${why}`;
    send({ t: 'health', ready: true, components: [{ name: 'store', state: 'degraded', detail }] });
  }

  async #end(): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    this.#server = null;
    this.#options.log.warn('the store is back');
    await server.close(INHERIT_MS);
  }
}

/** A page for people, a problem for programs. */
function refuse(request: Request): Response {
  const { status, text } = ERRORS[CODE];
  if (request.headers.get('accept')?.includes('text/html') !== true) {
    const problem = { type: `urn:causeway:error:${CODE}`, title: text, status, code: CODE };
    return Response.json(problem, { status, headers: { ...HEADERS, 'content-type': 'application/problem+json' } });
  }
  const heading = 'Nobody can sign in at the moment';
  const fields = {
    heading,
    message: `Signing in did not work: ${text}.`,
    advice: 'Who is signed in already goes on working for a while. It comes back by itself: try again in a minute.',
    code: CODE,
    reference: '',
  };
  try {
    return page(noticePage({ title: heading, homeUrl: '/', ...fields }), 'text/html');
  } catch {
    // The pages were never built; the person is told all the same.
    return page([heading, fields.message, fields.advice, CODE, ''].join('\n\n'), 'text/plain');
  }
}

function page(body: string, type: string): Response {
  const headers = { ...HEADERS, 'content-security-policy': NOTICE_CSP, 'content-type': `${type}; charset=utf-8` };
  return new Response(body, { status: ERRORS[CODE].status, headers });
}
