import { readFileSync } from 'node:fs';
import { request, type RequestOptions } from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { LookupFunction } from 'node:net';
import { text } from 'node:stream/consumers';

/** Node's resolver does not know `*.localhost`; browsers and curl do. */
const toLoopback: LookupFunction = (_name, options, callback) => {
  if (options.all === true) callback(null, [{ address: '127.0.0.1', family: 4 }]);
  else callback(null, '127.0.0.1', 4);
};

export interface ClientOptions {
  readonly caFile: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly timeoutMs?: number;
}

/** One request on a connection of its own, TLS verified with the deployment's CA. The answer's body is not read yet. */
export function open(url: string, options: ClientOptions): Promise<IncomingMessage> {
  const { caFile, method = 'GET', headers = {}, body, timeoutMs = 15_000 } = options;
  const settings: RequestOptions = { agent: false, lookup: toLoopback, ca: readFileSync(caFile), method, headers };
  return new Promise((resolve, reject) => {
    const outgoing = request(url, settings, resolve);
    outgoing.setTimeout(timeoutMs, () => outgoing.destroy(new Error(`no answer from ${url} in ${timeoutMs} ms`)));
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export async function fetchText(url: string, options: ClientOptions): Promise<Answer> {
  const incoming = await open(url, options);
  return { status: incoming.statusCode ?? 0, headers: incoming.headers, body: await text(incoming) };
}

/** As a browser that opens a page. */
export const NAVIGATION = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' } as const;
