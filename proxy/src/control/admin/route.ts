import type { z } from '@hono/zod-openapi';
import type { ErrorCode } from '@causeway/contract';
import type { StillPermitted } from '../events/event-stream.ts';
import type { AdminServices } from './admin-services.ts';
import type { Caller } from './caller.ts';
import type { Permission } from './permissions.ts';

/**
 * One route of the admin API: all that holds for it in one place. Authentication, role, limits, idempotency, audit,
 * validation and the OpenAPI document follow from this, so that no route can forget one.
 */
export interface RouteDefinition {
  readonly summary: string;
  /** `any`: whoever is authenticated. */
  readonly permission: Permission | 'any';
  /** Besides: at least one of these, before the body is looked at, which says what else is needed. */
  readonly oneOf?: readonly Permission[];
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** What the document and the client say of the body, where the objects' own store checks it. */
  readonly bodyAs?: z.ZodType;
  /** Of the JSON answer; without it the answer is 204. */
  readonly answer?: z.ZodType;
  /** The answer is server-sent events, without end; the handler makes its bytes. */
  readonly stream?: true;
  /** 200 where it is absent and there is an answer. */
  readonly status?: 201;
  /** The caller must say which `revision` it has seen. */
  readonly ifMatch?: 'required' | 'optional';
  /** People must have proved lately who they are. */
  readonly dangerous?: true;
  /** The answer has a secret in it, which is kept nowhere. */
  readonly secret?: true;
  /** 256 KiB where it is absent; of those with more few are read at once. */
  readonly bodyBytes?: number;
  /** The audit keeps the body too; objects have their history. */
  readonly auditBody?: true;
  /** Codes besides those that every route has. */
  readonly problems?: readonly ErrorCode[];
}

type Output<S> = S extends z.ZodType ? z.output<S> : undefined;

/** What a handler gets: checked, and typed by the definition. */
export interface RouteInput<D extends RouteDefinition = RouteDefinition> {
  readonly services: AdminServices;
  readonly caller: Caller;
  readonly params: Output<D['params']>;
  readonly query: Output<D['query']>;
  readonly body: Output<D['body']>;
  /** The revision of If-Match; absent for `*` or where there was none. */
  readonly ifRevision: number | undefined;
  /** `If-None-Match: *`: there must be no such object. */
  readonly mustBeNew: boolean;
  /** Of who resumes a stream. */
  readonly lastEventId: string | undefined;
  /** Whether the caller would still be let in, for answers that go on and on. */
  readonly stillPermitted: () => Promise<StillPermitted>;
}

export type Answer<D extends RouteDefinition> = D extends { readonly stream: true }
  ? ReadableStream<Uint8Array>
  : D['answer'] extends z.ZodType
    ? z.input<D['answer']>
    : void;

export interface Route<D extends RouteDefinition = RouteDefinition> {
  readonly definition: D;
  readonly handle: (input: RouteInput) => Promise<unknown>;
}

/** @param handle what it returns is the body of the answer; a `revision` in it is the ETag, too */
export function route<const D extends RouteDefinition>(
  definition: D,
  handle: (input: RouteInput<D>) => Promise<Answer<D>>,
): Route<D> {
  // The pipeline calls it with what has passed the definition's schemas.
  return { definition, handle: handle };
}

export type Method = 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';

/** `GET /apps/{name}` */
export type RouteKey = `${Method} /${string}`;

export type Routes = Readonly<Record<RouteKey, Route>>;
