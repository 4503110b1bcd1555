import { randomBytes } from 'node:crypto';
import type { Context, MiddlewareHandler, Next } from 'hono';
import { CausewayError } from '@causeway/contract';
import { addressKey } from '../portal/address-key.ts';
import { RateLimit } from '../portal/rate-limit.ts';
import type { AdminEnv } from './admin-env.ts';
import type { AdminServices } from './admin-services.ts';
import { authenticate } from './authentication.ts';
import type { AuditEntry } from './audit-log.ts';
import { requireOneOf, requirePermission, requireProof, type Caller } from './caller.ts';
import { refuseInput } from './problem.ts';
import { readBody } from './request-body.ts';
import type { RouteDefinition, RouteKey } from './route.ts';

const BODY_BYTES = 256 * 1024;
/** Requests with larger bodies, of all callers. */
const HEAVY_AT_ONCE = 2;
/** Requests of one caller, so that nobody has all there are. */
const CALLER_AT_ONCE = 16;
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
  readonly #refused: RateLimit;
  readonly #atOnce = new Map<string, number>();
  readonly #heavy = new Set<string>();

  constructor({ limits, now }: AdminServices) {
    this.#refused = new RateLimit(limits.refused, now);
    this.#callers = new RateLimit(limits.caller, now);
    this.#wrong = new RateLimit(limits.wrong, now);
  }

  /** @throws CausewayError `CW_RATE_LIMITED` */
  wrong(address: string): void {
    if (!this.#wrong.take(addressKey(address))) throw new CausewayError('CW_RATE_LIMITED', 'too many wrong tokens');
  }

  /** One of a caller. @returns ends it @throws CausewayError `CW_BUSY` */
  heavy({ id }: Caller): () => void {
    if (this.#heavy.has(id) || this.#heavy.size >= HEAVY_AT_ONCE) {
      throw new CausewayError('CW_BUSY', 'other large requests are under way');
    }
    this.#heavy.add(id);
    return () => void this.#heavy.delete(id);
  }

  /** @throws CausewayError `CW_RATE_LIMITED` */
  async caller({ id }: Caller, work: () => Promise<void>): Promise<void> {
    if (!this.#callers.take(id)) throw new CausewayError('CW_RATE_LIMITED');
    const before = this.#atOnce.get(id) ?? 0;
    if (before >= CALLER_AT_ONCE) throw new CausewayError('CW_RATE_LIMITED', 'too many requests at once');
    this.#atOnce.set(id, before + 1);
    try {
      await work();
    } finally {
      const now = (this.#atOnce.get(id) ?? 1) - 1;
      if (now === 0) this.#atOnce.delete(id);
      else this.#atOnce.set(id, now);
    }
  }

  /** Whether a refusal is one more for the audit: nobody fills it with what they may not do. */
  refused({ id }: Caller): boolean {
    return this.#refused.take(id);
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
  return async function guardRoute(c, next) {
    const caller = await identify(c, services, limits);
    c.set('caller', caller);
    await limits.caller(caller, async () => {
      await authorise(c, services, limits, key, definition, caller);
      let release = (): void => {};
      try {
        const body = await bodyOf(c, services, definition, () => (release = limits.heavy(caller)));
        await perform(c, caller, body, next);
      } finally {
        release();
      }
    });
  };

  async function perform(c: Context<AdminEnv>, caller: Caller, body: string, next: Next): Promise<void> {
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
    const entry = await begun(services, known, { ...entryOf(c, key, caller), detail });
    await next();
    const { ok, status, headers } = c.res;
    await services.audit.end(entry, ok ? 'done' : (c.get('refused') ?? String(status)));
    if (known === null) return;
    if (!ok) {
      // Late, or a fault: what was asked for may be done all the same, so it is not done again under this key.
      if (status < 500) await services.idempotency.release(known);
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

/** The entry that is there before the deed; without it there is none, and the key is free again. */
async function begun({ audit, idempotency }: AdminServices, key: string | null, entry: AuditEntry): Promise<number> {
  try {
    return await audit.begin(entry);
  } catch (error) {
    if (key !== null) await idempotency.release(key);
    throw error;
  }
}

async function authorise(
  c: Context<AdminEnv>,
  services: AdminServices,
  limits: CallerLimits,
  key: RouteKey,
  { permission, oneOf, dangerous }: RouteDefinition,
  caller: Caller,
): Promise<void> {
  try {
    if (permission !== 'any') requirePermission(caller, permission);
    if (oneOf !== undefined) requireOneOf(caller, oneOf);
    if (dangerous === true) requireProof(caller, services.now());
  } catch (error) {
    if (!limits.refused(caller)) throw new CausewayError('CW_RATE_LIMITED', 'refused too often', { cause: error });
    const code = error instanceof CausewayError ? error.code : 'CW_INTERNAL';
    if (c.req.method !== 'GET') await services.audit.begin({ ...entryOf(c, key, caller), detail: '' }, code);
    throw error;
  }
}

/** @param large called once where it is larger than most are; throws where that cannot be now */
async function bodyOf(
  c: Context<AdminEnv>,
  { limits }: AdminServices,
  { body, bodyBytes = BODY_BYTES }: RouteDefinition,
  large: () => void,
): Promise<string> {
  if (body === undefined) return '';
  return readBody(c, { limit: bodyBytes, usual: BODY_BYTES, large, ms: limits.requestMs });
}

function entryOf(c: Context<AdminEnv>, key: RouteKey, caller: Caller) {
  const { address } = c.env;
  return {
    actor: caller.actor,
    actorKind: caller.kind,
    actorId: caller.id,
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
