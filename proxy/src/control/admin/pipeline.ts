import { randomBytes } from 'node:crypto';
import type { Context, MiddlewareHandler, Next } from 'hono';
import { CausewayError } from '@causeway/contract';
import { addressKey } from '../portal/address-key.ts';
import { RateLimit } from '../portal/rate-limit.ts';
import type { AdminEnv } from './admin-env.ts';
import type { AdminServices } from './admin-services.ts';
import { authenticate } from './authentication.ts';
import { requirePermission, type Caller } from './caller.ts';
import { refuseInput } from './problem.ts';
import { readBody } from './request-body.ts';
import type { RouteDefinition, RouteKey } from './route.ts';

const BODY_BYTES = 256 * 1024;
/** Requests whose bodies are allowed to be larger than that. */
const HEAVY_AT_ONCE = 2;
/** How lately people must have proved who they are before something dangerous. */
export const STEP_UP_MS = 10 * 60_000;
/** Headers of an answer that are part of it when it is given again. */
const KEPT_HEADERS = ['content-type', 'etag', 'location'];

/** What every request to the API passes, before anybody looks at what it is. */
export function admit(services: AdminServices): MiddlewareHandler<AdminEnv> {
  const { limits, now } = services;
  const addresses = new RateLimit(limits.address, now);
  let busy = 0;
  return async function admitRequest(c, next) {
    c.set('reference', randomBytes(9).toString('base64url'));
    c.header('x-request-id', c.get('reference'));
    if (c.env.local !== true && !addresses.take(addressKey(c.env.address))) throw new CausewayError('CW_RATE_LIMITED');
    if (busy >= limits.atOnce) throw new CausewayError('CW_BUSY');
    if (/%00/.test(c.req.url)) refuseInput('', 'no text has a NUL in it');
    busy++;
    try {
      await next();
    } finally {
      busy--;
    }
  };
}

/** The limits that count over all routes. */
export class CallerLimits {
  readonly #callers: RateLimit;
  readonly #wrong: RateLimit;
  #heavy = 0;

  constructor({ limits, now }: AdminServices) {
    this.#callers = new RateLimit(limits.caller, now);
    this.#wrong = new RateLimit(limits.wrong, now);
  }

  /** @throws CausewayError `CW_RATE_LIMITED` */
  wrong(address: string): void {
    if (!this.#wrong.take(addressKey(address))) throw new CausewayError('CW_RATE_LIMITED', 'too many wrong tokens');
  }

  /** @throws CausewayError `CW_BUSY` */
  async heavy(work: () => Promise<void>): Promise<void> {
    if (this.#heavy >= HEAVY_AT_ONCE) throw new CausewayError('CW_BUSY', 'other large requests are under way');
    this.#heavy++;
    try {
      await work();
    } finally {
      this.#heavy--;
    }
  }

  /** @throws CausewayError `CW_RATE_LIMITED` */
  caller({ id }: Caller): void {
    if (!this.#callers.take(id)) throw new CausewayError('CW_RATE_LIMITED');
  }
}

/**
 * What one route asks of a request, in this order: who is it, may they, how much do they ask, what have they seen;
 * then the deed is written into the audit, and done once.
 */
export function guard(
  services: AdminServices,
  limits: CallerLimits,
  key: RouteKey,
  definition: RouteDefinition,
): MiddlewareHandler<AdminEnv> {
  const writes = !key.startsWith('GET ');
  const heavy = (definition.bodyBytes ?? 0) > BODY_BYTES;
  return async function guardRoute(c, next) {
    const caller = await identify(c, services, limits);
    c.set('caller', caller);
    limits.caller(caller);
    await (heavy ? limits.heavy(() => admitted(c, caller, next)) : admitted(c, caller, next));
  };

  async function admitted(c: Context<AdminEnv>, caller: Caller, next: Next): Promise<void> {
    const body = await authorise(c, services, key, definition, caller);
    conditions(c, definition);
    if (!writes) {
      await next();
      return;
    }
    const known = await once(c, services, key, caller, body);
    if (known instanceof Response) {
      c.res = known;
      return;
    }
    const detail = definition.auditBody === true ? body : '';
    const entry = await services.audit.begin({ ...entryOf(c, key, caller), detail });
    await next();
    const { ok, status, headers } = c.res;
    await services.audit.end(entry, ok ? 'done' : (c.get('refused') ?? String(status)));
    if (known === null) return;
    if (!ok) {
      await services.idempotency.release(known);
      return;
    }
    const kept = Object.fromEntries(
      KEPT_HEADERS.flatMap((name) => [[name, headers.get(name)] as const]).flatMap(([name, value]) =>
        value === null ? [] : [[name, value]],
      ),
    );
    const text = definition.secret === true ? null : await c.res.clone().text();
    await services.idempotency.keep(known, { status, headers: kept, body: text });
  }
}

async function identify(c: Context<AdminEnv>, services: AdminServices, limits: CallerLimits): Promise<Caller> {
  try {
    return await authenticate(c, services);
  } catch (error) {
    if (error instanceof CausewayError && error.code === 'CW_UNAUTHENTICATED') limits.wrong(c.env.address);
    throw error;
  }
}

/** @returns the text of the body */
async function authorise(
  c: Context<AdminEnv>,
  services: AdminServices,
  key: RouteKey,
  definition: RouteDefinition,
  caller: Caller,
): Promise<string> {
  const { permission, dangerous, bodyBytes = BODY_BYTES } = definition;
  try {
    if (permission !== 'any') requirePermission(caller, permission);
    const proved = caller.provedAt === null || services.now() - caller.provedAt <= STEP_UP_MS;
    if (dangerous === true && !proved) {
      throw new CausewayError('CW_STEP_UP_REQUIRED', 'open /login?step-up=1 in this browser, then send it again');
    }
  } catch (error) {
    const code = error instanceof CausewayError ? error.code : 'CW_INTERNAL';
    if (c.req.method !== 'GET') await services.audit.begin({ ...entryOf(c, key, caller), detail: '' }, code);
    throw error;
  }
  return definition.body === undefined ? '' : readBody(c, bodyBytes);
}

function entryOf(c: Context<AdminEnv>, key: RouteKey, caller: Caller) {
  const { address } = c.env;
  return {
    actor: caller.actor,
    actorKind: caller.kind,
    address,
    action: key,
    target: c.req.path,
    reference: c.get('reference'),
  };
}

/** If-Match and If-None-Match (RFC 9110 §13.1). */
function conditions(c: Context<AdminEnv>, { ifMatch }: RouteDefinition): void {
  const match = c.req.header('if-match')?.trim();
  const none = c.req.header('if-none-match')?.trim();
  c.set('ifRevision', undefined);
  c.set('mustBeNew', false);
  if (ifMatch === undefined) return;
  if (none !== undefined && none !== '*') refuseInput('If-None-Match', 'only * is known here');
  if (match === undefined) {
    if (ifMatch === 'required' && none === undefined) throw new CausewayError('CW_PRECONDITION_REQUIRED');
    c.set('mustBeNew', none !== undefined);
    return;
  }
  if (none !== undefined) refuseInput('If-None-Match', 'not together with If-Match');
  if (match === '*') return;
  const revision = /^"(\d{1,10})"$/.exec(match)?.[1];
  // A tag that is none of ours matches nothing that is here.
  if (revision === undefined) throw new CausewayError('CW_PRECONDITION_FAILED');
  c.set('ifRevision', Number(revision));
}

/** @returns an answer given before, the key that was taken, or `null` where the caller gave none */
async function once(
  c: Context<AdminEnv>,
  services: AdminServices,
  key: RouteKey,
  caller: Caller,
  body: string,
): Promise<Response | string | null> {
  const given = c.req.header('idempotency-key');
  if (given === undefined || c.req.method !== 'POST') return null;
  if (!/^[\x21-\x7e]{1,255}$/.test(given)) refuseInput('Idempotency-Key', '1 to 255 visible ASCII characters');
  const request = `${key}\n${c.req.url}\n${body}`;
  const known = await services.idempotency.take(`${caller.kind} ${caller.id}`, given, request);
  if (typeof known === 'string') return known;
  const { status, headers } = known;
  return new Response(status === 204 ? null : known.body, {
    status,
    headers: { ...headers, 'idempotency-replayed': 'true', 'x-request-id': c.get('reference') },
  });
}
