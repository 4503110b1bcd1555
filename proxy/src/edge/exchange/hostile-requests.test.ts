import { describe, expect, test } from 'vitest';
import { activeSnapshotOf } from '../fakes/snapshot.ts';
import { viewCookies } from './cookies.ts';
import { Exchange, type RequestParts } from './exchange.ts';
import type { Pass } from './pass.ts';
import { requestHeaders } from './request-headers.ts';
import { strictFraming, strictRequestLine } from './strictness.ts';
import { webSocketHandshake } from './websocket-origin.ts';

const HOST = 'intranet.causeway.localhost';
const APP = {
  name: 'intranet',
  hosts: ['intranet.corp.example'],
  ports: ['tcp/80'],
  publishers: ['hq'],
  clientless: { urls: [HOST], upstream: { host: 'intranet.corp.example', port: 80 } },
};
const snapshot = activeSnapshotOf(1, { apps: [APP], rules: [] }, 0);

function exchangeOf(rawHeaders: readonly string[], parts: Partial<RequestParts> = {}): Exchange {
  const request: RequestParts = {
    method: 'GET',
    target: '/',
    httpVersion: '1.1',
    rawHeaders: ['Host', HOST, ...rawHeaders],
    upgrade: false,
    serverName: HOST,
    address: '192.0.2.1',
    connection: {},
    ...parts,
  };
  return new Exchange(request, () => snapshot);
}

/** The status of the first refusal, `null` where all let it pass. None of these passes asks anybody. */
function statusOf(exchange: Exchange, ...passes: ((exchange: Exchange) => ReturnType<Pass>)[]): number | null {
  for (const pass of passes) {
    const answer = pass(exchange);
    if (answer instanceof Promise) throw new Error('this pass waits for somebody');
    if (answer !== null) return answer.status;
  }
  return null;
}

test.each([
  ['1.0', null],
  ['1.1', null],
  ['2.0', 505],
  ['0.9', 505],
])('HTTP/%s', (httpVersion, status) => {
  expect(statusOf(exchangeOf([], { httpVersion }), strictRequestLine, strictFraming)).toBe(status);
});

describe('a WebSocket handshake', () => {
  const KEY = ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='];
  const VERSION = ['Sec-WebSocket-Version', '13'];
  const UPGRADE = ['Connection', 'Upgrade', 'Upgrade', 'websocket'];

  test.each<[string, string[], Partial<RequestParts>, number | null]>([
    ['as it should be', [...UPGRADE, ...KEY, ...VERSION], {}, null],
    ['with an empty body', [...UPGRADE, ...KEY, ...VERSION, 'Content-Length', '0'], {}, null],
    ['with a body', [...UPGRADE, ...KEY, ...VERSION, 'Content-Length', '47'], {}, 400],
    ['with a chunked body', [...UPGRADE, ...KEY, ...VERSION, 'Transfer-Encoding', 'chunked'], {}, 400],
    ['by POST', [...UPGRADE, ...KEY, ...VERSION], { method: 'POST' }, 400],
    ['in HTTP/1.0', [...UPGRADE, ...KEY, ...VERSION], { httpVersion: '1.0' }, 400],
    ['to h2c as well', ['Connection', 'Upgrade', 'Upgrade', 'websocket, h2c', ...KEY, ...VERSION], {}, 400],
    ['without a key', [...UPGRADE, ...VERSION], {}, 400],
    ['with a short key', [...UPGRADE, 'Sec-WebSocket-Key', 'x', ...VERSION], {}, 400],
    ['with two keys', [...UPGRADE, ...KEY, ...KEY, ...VERSION], {}, 400],
    ['of another version', [...UPGRADE, ...KEY, 'Sec-WebSocket-Version', '8'], {}, 426],
    ['of two versions', [...UPGRADE, ...KEY, ...VERSION, ...VERSION], {}, 426],
    ['of no version', [...UPGRADE, ...KEY], {}, 426],
  ])('%s', (_what, headers, parts, status) => {
    expect(statusOf(exchangeOf(headers, { upgrade: true, ...parts }), webSocketHandshake)).toBe(status);
  });
});

test('nothing that an app could read as ours goes to it, however it is spelt', () => {
  const ours = [
    'Content_Length',
    'Transfer_Encoding',
    'HOST_',
    'x_forwarded_user',
    'X-Forwarded_For',
    'Remote_User',
    'X_Real-IP',
    'Proxy',
    'Keep-Alive',
    'TE',
    'Trailer',
    'Forwarded',
    'X-Original-URL',
    'Http2_Settings',
    'X-Causeway-User',
  ];
  const exchange = exchangeOf(
    [...ours.flatMap((name) => [name, 'claimed']), 'Cookie', '__Host-cw=x; a=1', 'X-Fine_Name', 'kept'],
    { method: 'POST' },
  );
  exchange.app = snapshot.apps[0] ?? null;
  exchange.cookies = viewCookies(exchange.head.cookie);
  expect(requestHeaders(exchange)).toBeNull();
  expect({ ...exchange.upstreamHeaders }).toEqual({
    host_: 'claimed', // no name of ours under any reading
    'x-fine_name': 'kept',
    cookie: 'a=1',
    host: 'intranet.corp.example',
    'x-forwarded-for': '192.0.2.1',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': HOST,
    'x-request-id': exchange.decision,
  });
});
