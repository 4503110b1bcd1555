import {
  ActiveSnapshot,
  atOnce,
  Exchange,
  factsOf,
  hostInZone,
  OpenedPrincipal,
  packFacts,
} from '@causeway/proxy/decision';
import { decideExchange, policyInput, Session } from '@causeway/proxy/decision';
import { policyRule, privateApp, type PolicyRule, type Principal, type PrivateApp } from '@causeway/contract';
import { compilePolicy } from '@causeway/wasm-core';
import { ratioRow, type Row } from '../row.ts';
import { randomNumbers } from './policy-inputs.ts';

const ZONE = 'apps.example';
const LIMIT_US = 5;
const PEOPLE = 200;
/** More destinations than the core remembers, so that some are looked up anew. */
const REQUESTS = 10_000;
const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri'] as const;

function appsOf(count: number): PrivateApp[] {
  return Array.from({ length: count }, (_, i) =>
    privateApp.parse({
      name: `app${i}`,
      tags: i % 10 === 0 ? [`t${i % 20}`] : [],
      hosts: [`app${i}.corp.example`, `*.app${i}.corp.example`, `10.${i >> 8}.${i & 255}.0/24`],
      ports: ['tcp/1-65535'],
      publishers: ['p'],
      clientless: { urls: [`app${i}.${ZONE}`], upstream: { host: `app${i}.corp.example`, port: 443 } },
    }),
  );
}

/** Rules as `fullPolicy` has them, as far as a PoP knows the facts: every condition of `causeway.yaml` occurs. */
function rulesOf(count: number, apps: number): PolicyRule[] {
  const next = randomNumbers(count);
  return Array.from({ length: count }, (_, i) => {
    const who = next(10);
    const more = next(8);
    return policyRule.parse({
      name: `r${i}`,
      action: next(8) === 0 ? 'block' : 'allow',
      ...(who < 6 ? { groups: [`g${next(count / 20)}`, `g${next(count / 20)}`] } : {}),
      ...(who === 6 ? { users: [`u${next(count)}`] } : {}),
      ...(who === 7 ? { ous: [`corp/${next(40)}/${next(20)}`] } : {}),
      ...(who >= 8 ? { groups: [`g${next(count / 20)}`], methods: ['agent'] } : {}),
      ...(next(50) === 0 ? { tags: [`t${next(20)}`] } : { apps: [`app${next(apps)}`] }),
      ...(next(2) === 0 ? { ports: [`tcp/443-${443 + next(1000)}`] } : {}),
      ...(more === 0 ? { destinations: [`*.app${next(apps)}.corp.example`, `10.${next(40)}.${next(256)}.0/24`] } : {}),
      ...(more === 1 ? { sources: [`192.${next(256)}.0.0/16`, '172.16.0.1-172.16.9.9'] } : {}),
      ...(more === 2 ? { activities: ['access'] } : {}),
      ...(more === 3 ? { times: [{ days: DAYS, from: '08:00', to: '18:00' }] } : {}),
    });
  });
}

function peopleOf(rules: number, method: Principal['method']): Principal[] {
  const next = randomNumbers(7);
  return Array.from({ length: PEOPLE }, (_, i) => ({
    user: `u${next(rules)}`,
    displayName: '',
    groups: Array.from({ length: 20 }, () => `g${next(rules / 20)}`),
    ou: `corp/${next(40)}/${next(20)}`,
    method,
    authenticatedAt: 0,
    session: `s${i}`,
  }));
}

function activeOf(apps: PrivateApp[], rules: PolicyRule[]): ActiveSnapshot {
  const image = compilePolicy(policyInput(apps, rules));
  const facts = packFacts(factsOf(apps, rules));
  const domains = { accessDomain: ZONE, identityDomain: 'id.example', tunnelDomain: 'tunnel.example' };
  const rest = {
    number: 1,
    graceMs: 900_000,
    loginOrigin: '',
    publishers: [],
    publicPort: 443,
    timeZone: 'Europe/Zurich',
  };
  const nothing = { rules: rules.length, objects: { apps: [] }, image: [], facts: [] };
  const source = { manifest: { ...domains, ...rest, ...nothing }, objects: { apps }, image, facts };
  return atOnce(ActiveSnapshot.building(source, Date.now()));
}

/** Microseconds per call. */
function microseconds(times: number, run: (i: number) => boolean): number {
  let matched = 0;
  const from = process.hrtime.bigint();
  for (let i = 0; i < times; i++) if (run(i)) matched++;
  const spent = Number(process.hrtime.bigint() - from) / times / 1e3;
  if (matched === 0 || matched === times) throw new Error('every request was decided alike');
  return spent;
}

/** A browser's request: its Host to the app, its session to the verdict, by what the engines' passes run. */
function requestTimes(active: ActiveSnapshot, apps: number, rules: number): (cold: boolean) => number {
  const next = randomNumbers(11);
  const sessions = peopleOf(rules, 'browser').map((principal, i) => {
    const host = '';
    return { session: new Session({ tokenHash: '', host, principal, expiresAt: 0 }), address: `192.${i}.1.1` };
  });
  const exchanges = Array.from({ length: REQUESTS }, () => {
    const { session, address } = sessions[next(PEOPLE)] as (typeof sessions)[number];
    const host = `app${next(apps)}.${ZONE}`;
    const rawHeaders = ['Host', host];
    const request = { method: 'GET', target: '/', httpVersion: '1.1', rawHeaders, upgrade: false, serverName: host };
    const exchange = new Exchange({ ...request, address, connection: {} }, () => active);
    exchange.appSession = session;
    return exchange;
  });
  return (cold) =>
    microseconds(cold ? REQUESTS : 5 * REQUESTS, (i) => {
      const exchange = exchanges[i % REQUESTS] as Exchange;
      const session = exchange.appSession as Session;
      if (cold) session.opened.close();
      return hostInZone(exchange) === null && decideExchange(exchange, session).action === 'allow';
    });
}

/** A device's flow: name or address and port to the app, person and address of the device to the verdict. */
function flowTimes(active: ActiveSnapshot, apps: number, rules: number): () => number {
  const next = randomNumbers(13);
  const opened = peopleOf(rules, 'agent').map((principal) => new OpenedPrincipal(principal));
  const flows = Array.from({ length: REQUESTS }, () => {
    const app = next(apps);
    const hosts = [`app${app}.corp.example`, `h${next(4)}.app${app}.corp.example`, `10.${app >> 8}.${app & 255}.7`];
    const person = next(PEOPLE);
    const target = { host: hosts[next(3)] ?? '', port: next(4) === 0 ? 22 : 443 };
    return { principal: opened[person] as OpenedPrincipal, address: `192.${person}.1.1`, target };
  });
  return () =>
    microseconds(5 * REQUESTS, (i) => {
      const { principal, address, target } = flows[i % REQUESTS] as (typeof flows)[number];
      const app = active.index.byTarget(target.host, target.port);
      const session = principal.in(active.policy, address);
      return active.policy.decide(session, app, target, Date.now()).action === 'allow';
    });
}

function rowsOf(appCount: number, ruleCount: number, rounds: number): Row[] {
  const active = activeOf(appsOf(appCount), rulesOf(ruleCount, appCount));
  const request = requestTimes(active, appCount, ruleCount);
  const flow = flowTimes(active, appCount, ruleCount);
  const times = { request: [] as number[], flow: [] as number[], first: [] as number[] };
  for (let round = -1; round < rounds; round++) {
    const figures = { request: request(false), flow: flow(), first: request(true) };
    if (round < 0) continue; // to warm all of them
    times.request.push(figures.request);
    times.flow.push(figures.flow);
    times.first.push(figures.first);
  }
  const limit = (name: string, figures: number[]): Row => {
    const peer = { name: `limit of ${LIMIT_US} µs`, rounds: figures.map(() => LIMIT_US) };
    return ratioRow(name, 'µs', figures, peer, 1);
  };
  const size = `${appCount} apps, ${ruleCount} rules`;
  return [
    limit(`PoP, ${size}: policy decision with name lookup, request`, times.request),
    limit(`PoP, ${size}: policy decision with name lookup, device`, times.flow),
    ratioRow(`PoP, ${size}: first decision of a session`, 'µs', times.first, null, null),
  ];
}

/** What the PoP's own code makes of the core, in the request path: the core's rows have no names to look up. */
export function popRows(rounds: number): Promise<Row[]> {
  return Promise.resolve([...rowsOf(1_000, 1_000, rounds), ...rowsOf(10_000, 100_000, rounds)]);
}
