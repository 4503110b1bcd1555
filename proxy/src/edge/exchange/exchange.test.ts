import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { activeSnapshotOf } from '../fakes/snapshot.ts';
import { signedIn } from '../fakes/edge-process.ts';
import { Feed } from '../feed.ts';
import { Session } from '../sessions.ts';
import { Exchange } from './exchange.ts';
import { policyPass } from './policy-pass.ts';

const HOST = 'intranet.causeway.localhost';
const APP = {
  name: 'intranet',
  hosts: ['intranet.corp.example'],
  ports: ['tcp/80'],
  publishers: ['hq'],
  clientless: { urls: [HOST], upstream: { host: 'intranet.corp.example', port: 80 } },
};

const feed = new Feed(
  () => 0,
  () => 60_000,
);
feed.advance(1);
const CONTEXT = { feed };

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2026-11-23T17:59:59Z') }));
afterEach(() => void vi.useRealTimers());

function exchangeUnder(rule: object): Exchange {
  const rules = [{ name: 'r', action: 'allow' as const, ...rule }];
  const active = activeSnapshotOf(1, { apps: [APP], rules }, Date.now());
  const exchange = new Exchange(
    {
      method: 'GET',
      target: '/',
      httpVersion: '1.1',
      rawHeaders: ['Host', HOST],
      upgrade: false,
      serverName: HOST,
      address: '192.0.2.1',
      connection: {},
    },
    () => active,
  );
  exchange.host = HOST;
  exchange.appSession = new Session(signedIn('alice', HOST).grant);
  return exchange;
}

test('a request that was decided before a time ended, and opens after, has ended', () => {
  const exchange = exchangeUnder({ times: [{ to: '18:00' }] });
  expect(policyPass(exchange, CONTEXT)).toBeNull();
  expect(exchange.ended).toBe(false);
  vi.setSystemTime(Date.parse('2026-11-23T18:00:00Z'));
  expect(exchange.ended).toBe(true);
});

test('a rule about destinations means the upstream of the app', () => {
  expect(
    policyPass(exchangeUnder({ destinations: ['*.corp.example'], sources: ['192.0.2.0/24'] }), CONTEXT),
  ).toBeNull();
  expect(policyPass(exchangeUnder({ destinations: [HOST] }), CONTEXT)).toMatchObject({ status: 404 });
  expect(policyPass(exchangeUnder({ sources: ['192.0.3.0/24'] }), CONTEXT)).toMatchObject({ status: 404 });
});
