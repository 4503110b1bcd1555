import type { z } from 'zod';
import { CausewayError, isErrorCode, type ErrorProblem } from '@causeway/contract';
import type { AdminRoutes } from '../control/admin/routes/admin-routes.ts';

/**
 * The admin API's client for command line and console. Its types are those of the very routes; of them nothing is left
 * when it runs, so a browser can load it.
 */

type Definition<K extends keyof AdminRoutes> = AdminRoutes[K]['definition'];

type InputOf<S> = S extends z.ZodType ? z.input<S> : never;
type BodyOf<D> = D extends { readonly bodyAs: infer S }
  ? InputOf<S>
  : D extends { readonly body: infer S }
    ? InputOf<S>
    : never;
type Part<Name extends string, T> = [T] extends [never]
  ? { readonly [N in Name]?: undefined }
  : { readonly [N in Name]: T };
/** What stands in a URL is text, whatever it becomes. */
type Words<S> = S extends z.ZodType ? { readonly [N in keyof z.output<S>]: string | number } : never;
type Query<S> = S extends z.ZodType
  ? { readonly [N in keyof z.output<S>]?: string | number | boolean | undefined }
  : never;

export type AdminRequest<K extends keyof AdminRoutes> = Part<
  'params',
  Definition<K> extends { readonly params: infer S } ? Words<S> : never
> & {
  readonly query?: Definition<K> extends { readonly query: infer S } ? Query<S> : undefined;
} & Part<'body', BodyOf<Definition<K>>> & {
    /** The revision that was seen, `any` whatever is there, or `none` where nothing must be. */
    readonly ifMatch?: number | 'any' | 'none';
    readonly idempotencyKey?: string;
  };

export type AdminAnswer<K extends keyof AdminRoutes> =
  Definition<K> extends { readonly answer: infer S } ? (S extends z.ZodType ? z.output<S> : null) : null;

/** One HTTP exchange; by `fetch`, or over the socket of a data folder. */
export type AdminTransport = (request: {
  readonly method: string;
  /** Begins with `/api/v1/`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}) => Promise<{ readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string }>;

export class AdminClient {
  readonly #transport: AdminTransport;
  readonly #token: string | null;

  /** @param token `null` where the browser's cookie says who it is */
  constructor(transport: AdminTransport, token: string | null) {
    this.#transport = transport;
    this.#token = token;
  }

  /**
   * `client.call('PUT /apps/{name}', { params: { name: 'wiki' }, body, ifMatch: 'none' })`
   *
   * @throws CausewayError with the code, detail and problems that the API answered
   */
  async call<K extends keyof AdminRoutes>(route: K, request: AdminRequest<K>): Promise<AdminAnswer<K>> {
    const { params = {}, query = {}, body, ifMatch, idempotencyKey } = request as unknown as LooseRequest;
    const [method = '', template = ''] = route.split(' ');
    const path = template.replaceAll(/\{(\w+)\}/g, (_all, name: string) =>
      encodeURIComponent(String(params[name] ?? '')),
    );
    const words = Object.entries(query).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, String(value)] as [string, string]],
    );
    const search = words.length === 0 ? '' : `?${new URLSearchParams(words).toString()}`;
    const headers: Record<string, string> = { accept: 'application/json' };
    if (this.#token !== null) headers['authorization'] = `Bearer ${this.#token}`;
    if (body !== undefined) headers['content-type'] = 'application/json';
    if (ifMatch === 'none') headers['if-none-match'] = '*';
    else if (ifMatch !== undefined) headers['if-match'] = ifMatch === 'any' ? '*' : `"${ifMatch}"`;
    if (idempotencyKey !== undefined) headers['idempotency-key'] = idempotencyKey;
    const answer = await this.#transport({
      method,
      path: `/api/v1${path}${search}`,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
    });
    const value: unknown = answer.body === '' ? null : parsed(answer.body);
    if (answer.status >= 400) throw refusal(answer.status, value);
    // The server's routes and this type are one definition.
    return value as AdminAnswer<K>;
  }

  /** Every item of a list, page by page. */
  async *all<K extends ListRoute>(route: K, request: AdminRequest<K>): AsyncGenerator<ItemOf<K>> {
    let cursor: string | null = null;
    do {
      const query = { ...(request as unknown as LooseRequest).query, ...(cursor === null ? {} : { cursor }) };
      const answer = (await this.call(route, { ...request, query } as AdminRequest<K>)) as unknown as {
        items: ItemOf<K>[];
        next: string | null;
      };
      yield* answer.items;
      cursor = answer.next;
    } while (cursor !== null);
  }
}

/** Routes that answer page by page. */
export type ListRoute = {
  [K in keyof AdminRoutes]: AdminAnswer<K> extends { readonly items: readonly unknown[]; readonly next: string | null }
    ? K
    : never;
}[keyof AdminRoutes];

type ItemOf<K extends keyof AdminRoutes> = AdminAnswer<K> extends { readonly items: readonly (infer T)[] } ? T : never;

interface LooseRequest {
  readonly params?: Readonly<Record<string, string | number>>;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  readonly ifMatch?: number | 'any' | 'none';
  readonly idempotencyKey?: string;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function refusal(status: number, value: unknown): CausewayError {
  const problem = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  const { code, detail, errors } = problem;
  return new CausewayError(
    isErrorCode(code) ? code : 'CW_INTERNAL',
    typeof detail === 'string' ? detail : `the admin API answered ${status}`,
    { problems: Array.isArray(errors) ? (errors as ErrorProblem[]) : [] },
  );
}
