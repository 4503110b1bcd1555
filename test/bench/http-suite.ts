import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { launchBrowser } from '../harness/browser.ts';
import { cookieFor } from '../harness/as-person.ts';
import { freePorts } from '../harness/ports.ts';
import { runProgram } from '../harness/program.ts';
import { webApp } from '../harness/pop-config.ts';
import { startSite, type Site } from '../harness/site.ts';
import { temporaryFolder } from '../harness/pop.ts';
import type { Suite } from './suite.ts';
import { measureCpu } from './cpu-time.ts';
import { h2load, wrk, type Target } from './load.ts';
import { frontConfig, originConfig, startNginx, type Nginx } from './nginx.ts';
import { OTHER_CORE, pin, SUBJECT_CORE } from './pinning.ts';
import { ratioRow, type Row } from './row.ts';
import { negotiated, webCertificate } from './tls.ts';

const SMALL = 1_024;
const LARGE = 10 * 1_024 * 1_024;
const SMALL_CONNECTIONS = 32;
const LARGE_CONNECTIONS = 4;
const LARGE_REQUESTS = 40;

/** A front, and the processes whose CPU it costs; `subject` is the one that has core 0 for itself. */
interface Contender {
  readonly name: string;
  readonly target: Omit<Target, 'path'>;
  readonly subject: readonly number[];
  readonly pids: Readonly<Record<string, readonly number[]>>;
}

/** Nanoseconds of CPU by process, one figure a round. */
interface Figures {
  readonly perRequest: Record<string, number[]>;
  readonly perByte: Record<string, number[]>;
}

/** Fifty rules that match nobody here, of every kind, before the one that lets the person in. */
function fiftyOneRules(): object[] {
  const others = Array.from({ length: 50 }, (_, i) => {
    const name = `rule-${i}`;
    switch (i % 5) {
      case 0:
        return { name, groups: [`department-${i}`], action: 'allow' };
      case 1:
        return { name, users: [`person-${i}@corp.example`], apps: ['bench'], action: 'block', notice: 'not you' };
      case 2:
        return { name, apps: ['bench'], ports: [`tcp/${2_000 + i}`], action: 'block' };
      case 3:
        return { name, methods: ['agent'], apps: ['bench'], action: 'allow' };
      default:
        return { name, tags: [`tag-${i}`], action: 'allow' };
    }
  });
  return [...others, { name: 'everybody', action: 'allow' }];
}

async function signIn(site: Site): Promise<string> {
  const browser = await launchBrowser({ caFiles: site.caFiles });
  try {
    const { page, context } = await browser.person();
    const url = site.url('bench', '/signed-in');
    await page.goto(url);
    await site.idp.signIn(page, 'ada');
    await page.waitForURL(url);
    return await cookieFor(context, url);
  } finally {
    await browser.close();
  }
}

async function measure(
  contender: Contender,
  { others, seconds, hostsFile }: { others: readonly number[]; seconds: number; hostsFile: string },
  into: Figures,
): Promise<void> {
  await pin(OTHER_CORE, others);
  await pin(SUBJECT_CORE, contender.subject);
  const record = (unit: Record<string, number[]>, cpuNs: Record<string, number>, count: number): void => {
    for (const [name, ns] of Object.entries(cpuNs)) (unit[name] ??= []).push(ns / count);
  };
  const small = { ...contender.target, path: '/1k' };
  const perRequest = await measureCpu(contender.pids, () => wrk(small, SMALL_CONNECTIONS, seconds, hostsFile));
  record(into.perRequest, perRequest.cpuNs, perRequest.result);
  const large = { ...contender.target, path: '/10m' };
  const perByte = await measureCpu(contender.pids, () => h2load(large, LARGE_CONNECTIONS, LARGE_REQUESTS, LARGE));
  record(into.perByte, perByte.cpuNs, perByte.result);
}

/**
 * What a request and a byte cost the PoP and the publisher, next to nginx in front of the same origin: (a) TLS in
 * front and a plain keep-alive upstream, (b) TLS on both sides and the access log on. Causeway runs with a session, a
 * 51-rule policy and events on.
 */
export const httpSuite: Suite = async ({ rounds, seconds }) => {
  const folder = temporaryFolder('bench-http');
  const started: (() => Promise<unknown>)[] = [() => folder.forget()];
  try {
    writeFileSync(join(folder.path, '1k'), randomBytes(SMALL));
    writeFileSync(join(folder.path, '10m'), randomBytes(LARGE));
    writeFileSync(join(folder.path, 'signed-in'), 'yes\n');
    const tls = await webCertificate(folder.path);
    const [plain = 0, secure = 0, portA = 0, portB = 0] = await freePorts(4);
    const nginx = async (name: string, port: number, text: string): Promise<Nginx> => {
      const server = await startNginx(name, folder.path, port, text);
      started.push(() => server.stop());
      return server;
    };
    const origin = await nginx('origin', plain, originConfig(folder.path, plain, secure, tls));
    const a = await nginx('front-a', portA, frontConfig(portA, { scheme: 'http', port: plain }, tls, null));
    const log = join(folder.path, 'access.log');
    const b = await nginx('front-b', portB, frontConfig(portB, { scheme: 'https', port: secure }, tls, log));
    const site = await startSite({
      name: 'bench',
      apps: [webApp({ name: 'bench', host: '127.0.0.1', port: plain })],
      rules: fiftyOneRules(),
      allow: [`127.0.0.1:${plain}`],
    });
    started.push(() => site.stop());
    const cookie = await signIn(site);
    const { edges, control } = site.pop.pids;
    const publisher = site.publisher.pid;
    const authority = new URL(site.url('bench')).host;
    const causeway = {
      target: { port: site.port, authority, cookie },
      pids: { edge: edges, publisher: [publisher], control: [control] },
    };
    const hostsFile = folder.file('hosts', `127.0.0.1 localhost ${authority.split(':')[0] ?? ''}\n`);
    const local = (port: number): Contender['target'] => ({ port, authority: `127.0.0.1:${port}`, cookie: null });
    const contenders: readonly Contender[] = [
      { name: 'a', target: local(portA), subject: a.pids, pids: { nginx: a.pids } },
      { name: 'b', target: local(portB), subject: b.pids, pids: { nginx: b.pids } },
      { name: 'pop', subject: edges, ...causeway },
      { name: 'publisher', subject: [publisher], ...causeway },
    ];
    const everyone = [...origin.pids, ...a.pids, ...b.pids, ...edges, control, publisher];
    const tlsOf = {
      a: await negotiated(portA, '127.0.0.1'),
      b: await negotiated(portB, '127.0.0.1'),
      pop: await negotiated(site.port, authority.split(':')[0] ?? ''),
    };
    if (new Set(Object.values(tlsOf)).size > 1) throw new Error(`unlike TLS: ${JSON.stringify(tlsOf)}`);
    const conditions = {
      rounds,
      secondsPerRound: seconds,
      smallBytes: SMALL,
      smallConnections: SMALL_CONNECTIONS,
      largeBytes: LARGE,
      largeConnections: LARGE_CONNECTIONS,
      rules: 51,
      tls: tlsOf.pop,
      nginx: (await runProgram({ name: 'nginx -v', command: 'nginx', args: ['-v'] })).err.trim(),
      node: process.version,
    };
    const figures = new Map<string, Figures>(contenders.map(({ name }) => [name, { perRequest: {}, perByte: {} }]));
    for (let round = -1; round < rounds; round++) {
      for (const contender of contenders) {
        const others = everyone.filter((pid) => !contender.subject.includes(pid));
        const warmUp: Figures = { perRequest: {}, perByte: {} };
        await measure(
          contender,
          { others, seconds, hostsFile },
          round < 0 ? warmUp : (figures.get(contender.name) ?? warmUp),
        );
      }
    }
    return { conditions, rows: rowsOf(figures) };
  } finally {
    for (const end of started.toReversed()) await end();
  }
};

/** Each of the three as it costs where it is measured best: on a core of its own, or for control next to the edge. */
function total(of: (contender: string, process: string) => number[]): number[] {
  const publisher = of('publisher', 'publisher');
  const control = of('pop', 'control');
  return of('pop', 'edge').map((edge, round) => edge + (publisher[round] ?? NaN) + (control[round] ?? NaN));
}

function rowsOf(figures: ReadonlyMap<string, Figures>): Row[] {
  const rows: Row[] = [];
  for (const [kind, label, unit, scale] of [
    ['perRequest', '1 KiB', 'µs CPU/request', 1_000],
    ['perByte', '10 MiB', 'ns CPU/byte', 1],
  ] as const) {
    const of = (contender: string, process: string): number[] =>
      (figures.get(contender)?.[kind][process] ?? []).map((ns) => ns / scale);
    const a = { name: 'nginx (a) TLS → plain', rounds: of('a', 'nginx') };
    const b = { name: 'nginx (b) TLS → TLS, log', rounds: of('b', 'nginx') };
    const small = kind === 'perRequest';
    rows.push(
      ratioRow(`${label}: ${a.name}`, unit, a.rounds, null, null),
      ratioRow(`${label}: ${b.name}`, unit, b.rounds, null, null),
      ratioRow(`${label}: edge worker`, unit, of('pop', 'edge'), a, small ? 10 : null),
      ratioRow(`${label}: edge worker`, unit, of('pop', 'edge'), b, null),
      ratioRow(`${label}: publisher`, unit, of('publisher', 'publisher'), a, small ? 0.9 : null),
      ratioRow(`${label}: publisher`, unit, of('publisher', 'publisher'), b, null),
      ratioRow(`${label}: control process`, unit, of('pop', 'control'), a, null),
      ratioRow(`${label}: edge, publisher and control`, unit, total(of), a, null),
    );
  }
  return rows;
}
