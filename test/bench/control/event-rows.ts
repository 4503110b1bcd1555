import { ActiveSnapshot, atOnce, Events, Exchange, exchangeEvent, factsOf } from '@causeway/proxy/decision';
import { packFacts, policyInput, Session } from '@causeway/proxy/decision';
import { policyRule, privateApp, type Principal } from '@causeway/contract';
import { compilePolicy } from '@causeway/wasm-core';
import { limitRow, ratioRow, type Row } from '../row.ts';
import type { PartOptions } from './part.ts';

const LIMIT_US = 2;
const ZONE = 'apps.example';
const EXCHANGES = 1_000;
/** Requests that end in one turn of the loop. */
const TURN = 50;
const TURNS = 4_000;

function activeSnapshot(): ActiveSnapshot {
  const clientless = { urls: [`wiki.${ZONE}`], upstream: { host: 'wiki.corp.example', port: 443 } };
  const apps = [
    privateApp.parse({ name: 'wiki', hosts: ['wiki.corp.example'], ports: ['tcp/443'], publishers: ['p'], clientless }),
  ];
  const rules = [policyRule.parse({ name: 'staff', groups: ['staff'], action: 'allow' })];
  const image = compilePolicy(policyInput(apps, rules));
  const facts = packFacts(factsOf(apps, rules));
  const domains = { accessDomain: ZONE, identityDomain: 'id.example', tunnelDomain: 'tunnel.example' };
  const rest = { number: 1, loginOrigin: '', publishers: [], publicPort: 443, timeZone: 'Europe/Zurich', graceMs: 0 };
  const nothing = { rules: rules.length, objects: { apps: [], certificates: [] }, image: [], facts: [] };
  const source = { manifest: { ...domains, ...rest, ...nothing }, objects: { apps, certificates: [] }, image, facts };
  return atOnce(ActiveSnapshot.building(source, Date.now()));
}

/** Requests of people who were let in, as they are when their answer has ended. */
function endedExchanges(active: ActiveSnapshot): Exchange[] {
  return Array.from({ length: EXCHANGES }, (_, i) => {
    const principal: Principal = {
      user: `user${i}@corp.example`,
      displayName: '',
      groups: ['staff'],
      method: 'browser',
      authenticatedAt: 0,
      session: `s_${i}`,
    };
    const host = `wiki.${ZONE}`;
    const target = `/pages/${i}?draft=1`;
    const request = { method: 'GET', target, httpVersion: '1.1', rawHeaders: ['Host', host], upgrade: false };
    const exchange = new Exchange(
      { ...request, serverName: host, address: `192.0.2.${i & 255}`, connection: {} },
      () => active,
    );
    exchange.appSession = new Session({ tokenHash: '', host, principal, expiresAt: 0 });
    exchange.app = active.apps[0] ?? null;
    exchange.path = `/pages/${i}`;
    exchange.verdict = { action: 'allow', rule: 'staff', why: 'rule staff' };
    return exchange;
  });
}

/** Microseconds an event: in the request's way, and with all that comes of it later in the same thread. */
async function measure(exchanges: readonly Exchange[]): Promise<{ inTheWay: number; altogether: number }> {
  let delivered = 0;
  const events = new Events({
    // As the line to control writes a message down, and control answers later.
    deliver: async (batch) => {
      delivered += JSON.stringify({ call: 'event.batch', args: { events: batch } }).length > 0 ? batch.length : 0;
      await new Promise((resolve) => setImmediate(resolve));
    },
    spill: { append: (batch) => batch.length, replay: async () => undefined },
    onDropped: (count) => {
      throw new Error(`${count} events were dropped`);
    },
  });
  const outcome = { status: 200, bytesUp: 300, bytesDown: 4_000 };
  let spent = 0n;
  const began = process.hrtime.bigint();
  for (let turn = 0; turn < TURNS; turn++) {
    const from = process.hrtime.bigint();
    for (let i = 0; i < TURN; i++) {
      events.push(exchangeEvent(exchanges[(turn * TURN + i) % EXCHANGES] as Exchange, outcome, 0));
    }
    spent += process.hrtime.bigint() - from;
    await new Promise((resolve) => setImmediate(resolve));
  }
  await events.close();
  const altogether = process.hrtime.bigint() - began;
  const count = TURN * TURNS;
  if (delivered !== count) throw new Error(`${delivered} of ${count} events were delivered`);
  return { inTheWay: Number(spent) / count / 1e3, altogether: Number(altogether) / count / 1e3 };
}

/** What an event costs the edge: making and queueing it while the request ends, and sending it later. */
export async function eventRows({ rounds }: PartOptions): Promise<Row[]> {
  const exchanges = endedExchanges(activeSnapshot());
  const inTheWay: number[] = [];
  const altogether: number[] = [];
  for (let round = -1; round < rounds; round++) {
    const figures = await measure(exchanges);
    if (round < 0) continue; // to warm it
    inTheWay.push(figures.inTheWay);
    altogether.push(figures.altogether);
  }
  return [
    limitRow('event on the hot path: made and queued', 'µs', inTheWay, LIMIT_US),
    ratioRow('event, sending later in the same thread included', 'µs', altogether, null, null),
  ];
}
