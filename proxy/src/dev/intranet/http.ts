import type { IncomingMessage, ServerResponse } from 'node:http';

/** One request of a demo app, with its URL taken apart. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
}

export type Handler = (exchange: Exchange) => void | Promise<void>;

/** Keys are `GET /path`; a key that ends in `/` takes everything below it. HEAD is answered like GET. */
export type Routes = Readonly<Record<string, Handler>>;

/** Finds the handler, answers 404 where there is none, 400 for a URL that is none, 500 when one fails. */
export function serve(routes: Routes): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    const target = request.url ?? '/';
    if (!target.startsWith('/') || !URL.canParse(target, 'http://app')) {
      return send({ response }, 400, 'text/plain', 'not a path\n');
    }
    const url = new URL(`http://app${target}`);
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    const below = `${url.pathname.slice(0, url.pathname.lastIndexOf('/'))}/`;
    const handler = [`${method} ${url.pathname}`, ...(below === '/' ? [] : [`${method} ${below}`])]
      .filter((key) => Object.hasOwn(routes, key))
      .map((key) => routes[key])[0];
    if (handler === undefined) return send({ response }, 404, 'text/plain', 'nothing here\n');
    Promise.resolve()
      .then(() => handler({ request, response, url }))
      .catch((error: unknown) => {
        if (response.headersSent) response.destroy();
        else send({ response }, 500, 'text/plain', `${error instanceof Error ? error.message : String(error)}\n`);
      });
  };
}

export function send(
  { response }: Pick<Exchange, 'response'>,
  status: number,
  type: string,
  body: string | Buffer,
  headers: Readonly<Record<string, string>> = {},
): void {
  const bytes = Buffer.from(body);
  response.writeHead(status, {
    'content-type': type.startsWith('text/') ? `${type}; charset=utf-8` : type,
    'content-length': bytes.length,
    ...headers,
  });
  response.end(bytes);
}

export function sendJson(exchange: Pick<Exchange, 'response'>, status: number, value: unknown): void {
  send(exchange, status, 'application/json', JSON.stringify(value));
}

/** The whole body, or `null` when it is longer than `limit` bytes. */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > limit) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** A whole number in `from..to`; `null` when the parameter is missing or another thing. */
export function wholeNumber(text: string | null, from: number, to: number): number | null {
  if (text === null || !/^\d{1,15}$/.test(text)) return null;
  const value = Number(text);
  return value >= from && value <= to ? value : null;
}

/** The cookies of a request by name (RFC 6265 §4.2.1); the first of two with one name counts. */
export function cookiesOf(request: IncomingMessage): ReadonlyMap<string, string> {
  const cookies = new Map<string, string>();
  for (const pair of (request.headers.cookie ?? '').split(';')) {
    const equals = pair.indexOf('=');
    const name = pair.slice(0, equals).trim();
    if (equals > 0 && !cookies.has(name)) cookies.set(name, pair.slice(equals + 1).trim());
  }
  return cookies;
}
