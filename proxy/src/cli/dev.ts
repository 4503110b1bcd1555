import { existsSync, rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CausewayError } from '@causeway/contract';
import { pino } from 'pino';
import { openCa } from '../control/ca/ca.ts';
import { usableStoreFile } from '../control/data-dir.ts';
import { masterKeyPlace, openSecrets } from '../control/sealing/open-secrets.ts';
import { openDatabase } from '../control/store/open-database.ts';
import { listenAddress, operationsAddress } from '../config/derive.ts';
import { loadConfig } from '../config/load.ts';
import {
  agentEnrolled,
  prepareDemo,
  publisherEnrolled,
  startAgent,
  startIdp,
  startIntranet,
  startPublisher,
  type Demo,
} from '../dev/dev.ts';
import { parseDemoApp } from '../dev/demo-app.ts';
import { DEMO_IDP_HOST, DEMO_PUBLISHER, demoPorts, demoUrls } from '../dev/demo-names.ts';
import { keepRunning, type Kept } from '../dev/keep-running.ts';
import { DEMO_PEOPLE } from '../dev/people.ts';
import { probePort } from '../supervisor/port-probe.ts';
import { Supervisor } from '../supervisor/supervisor.ts';
import { askPop } from './admin-client.ts';
import { dataDir, number, parse } from './arguments.ts';
import { readJoinToken } from './join-prompt.ts';
import { EXIT, say, table } from './output.ts';
import { untilSignal } from './signals.ts';
import { offerTrust } from './trust.ts';

const OPTIONS = {
  agent: { type: 'boolean', default: false },
  workers: { type: 'string', default: '1' },
  fresh: { type: 'boolean', default: false },
  trust: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  data: { type: 'string' },
  port: { type: 'string' },
  'idp-port': { type: 'string' },
  'operations-port': { type: 'string' },
  'agent-port': { type: 'string' },
} as const;

const STOP_MS = 3_000;
/** A marker of our own: `--fresh` removes nothing that `causeway dev` did not make. */
const MARKER = 'causeway.sqlite';

interface DevOptions {
  readonly demo: Demo;
  readonly agent: boolean;
  readonly fresh: boolean;
  readonly trust: boolean;
  readonly json: boolean;
}

function options(args: string[]): DevOptions {
  const { values, positionals } = parse(args, OPTIONS);
  if (positionals.length > 1) throw new CausewayError('CW_USAGE', 'dev publishes one URL');
  const port = (name: 'port' | 'idp-port' | 'operations-port' | 'agent-port'): number | undefined => {
    const text = values[name];
    return text === undefined ? undefined : number(name, text, 1, 65_535);
  };
  const given = {
    pop: port('port'),
    idp: port('idp-port'),
    operations: port('operations-port'),
    agent: port('agent-port'),
  };
  const ports = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const [url] = positionals;
  const demo = {
    dataDir: dataDir(values.data ?? process.env['CAUSEWAY_DATA'] ?? '.causeway'),
    ports: demoPorts(ports),
    workers: number('workers', values.workers, 1, 64),
    app: url === undefined ? null : parseDemoApp(url),
  };
  return { demo, agent: values.agent, fresh: values.fresh, trust: values.trust, json: values.json };
}

function forget(folder: string): void {
  if (!existsSync(folder)) return;
  if (!existsSync(join(folder, MARKER))) {
    throw new CausewayError('CW_DATA_UNUSABLE', `${folder} was not made by causeway dev; --fresh leaves it alone`);
  }
  rmSync(folder, { recursive: true, force: true });
}

/** The identity provider's web certificate comes from the deployment's CA, so that one CA is to be trusted, not two. */
async function idpCertificate(folder: string): Promise<{ cert: string; key: string }> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const database = await openDatabase({ file: usableStoreFile(folder) });
  try {
    const place = masterKeyPlace(folder, undefined);
    const ca = await openCa(await openSecrets({ database, place, now: Date.now }));
    return await ca.issueServer({ names: [DEMO_IDP_HOST], days: 30, withRoot: false });
  } finally {
    await database.close();
  }
}

/** Everything on this machine: to try Causeway, to publish one's own app, and for end-to-end tests. */
export async function dev(args: string[]): Promise<number> {
  const { demo, agent, fresh, trust, json } = options(args);
  const signal = untilSignal();
  if (fresh) forget(demo.dataDir);
  const log = pino({ level: process.env['CAUSEWAY_LOG'] ?? 'warn', base: { process: 'supervisor' } });
  process.env['CAUSEWAY_LOG'] ??= 'warn';
  await probePort('127.0.0.1', demo.ports.pop);
  await probePort('127.0.0.1', demo.ports.idp);

  const running: { stop(): Promise<void> }[] = [];
  const stopAll = async (): Promise<void> => {
    for (const one of running.splice(0).toReversed()) await one.stop();
  };
  const keep = async (name: string, start: () => ReturnType<typeof startIntranet>): Promise<Kept> => {
    const kept = await keepRunning(start, (code) => log.warn({ child: name, exit: code }, 'ended; starting it again'));
    running.push(kept);
    return kept;
  };
  try {
    const certificate = await idpCertificate(demo.dataDir);
    const configFile = await prepareDemo(demo);
    const config = await loadConfig(configFile);
    const idp = await keep('idp', () => startIdp(demo, certificate));
    // The publisher's map names its ports, so a restart takes the same ones.
    let ports: readonly number[] | undefined;
    const intranet = await keep('intranet', async () => {
      const child = await startIntranet(demo, ports);
      ({ ports } = child);
      return child;
    });
    const supervisor = new Supervisor({
      configFile,
      dataDir: demo.dataDir,
      ...listenAddress(config),
      workers: demo.workers,
      operations: operationsAddress(config),
      log,
    });
    await supervisor.start();
    running.push({ stop: () => supervisor.stop(STOP_MS) });
    const publisher = await keep('publisher', async () =>
      startPublisher(demo, {
        intranet: intranet.child,
        joinToken: publisherEnrolled(demo)
          ? null
          : (await askPop(demo.dataDir, 'admin.token', { publisher: DEMO_PUBLISHER })).token,
      }),
    );
    await publisherConnected(demo);
    let agentPid: number | null = null;
    if (agent && agentEnrolled(demo)) agentPid = (await keep('agent', () => startAgent(demo, null))).child.pid;

    const ca = join(demo.dataDir, 'ca.pem');
    const agentProxy = agent ? `127.0.0.1:${demo.ports.agent}` : null;
    if (json) {
      const pids = { ...supervisor.pids, publisher: publisher.child.pid, idp: idp.child.pid };
      say(
        JSON.stringify({
          ready: true,
          urls: demoUrls(demo.ports, demo.app),
          pids: { ...pids, intranet: intranet.child.pid, agent: agentPid },
          ca,
          operations: `http://${config.operations}`,
          agentProxy,
          data: demo.dataDir,
        }),
      );
    } else {
      greet(demo, ca);
      if (trust) await offerTrust(ca);
      if (agentProxy !== null) sayAgent(agentProxy, agentPid !== null);
    }
    if (agent && agentPid === null) {
      void readJoinToken(process.stdin).then(async (token) => {
        if (token === null) return;
        await keep('agent', () => startAgent(demo, agentEnrolled(demo) ? null : token));
        say('The agent has the code and is connecting.');
      });
    }
    await signal;
    if (!json) say('\nstopping …');
  } finally {
    process.stdin.destroy();
    await stopAll();
  }
  return EXIT.ok;
}

const CONNECT_MS = 20_000;

/** Until every worker has the publisher, so that the first click of a person works. */
async function publisherConnected(demo: Demo): Promise<void> {
  const deadline = Date.now() + CONNECT_MS;
  for (;;) {
    const { publishers } = await askPop(demo.dataDir, 'admin.status', null);
    if (publishers.some((one) => !one.revoked && one.connectedWorkers === demo.workers)) return;
    if (Date.now() > deadline) {
      throw new CausewayError(
        'CW_NO_PUBLISHER',
        `the publisher did not connect; see ${join(demo.dataDir, 'log', 'publisher.log')}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function greet(demo: Demo, ca: string): void {
  const { portal, apps } = demoUrls(demo.ports, demo.app);
  say('\nCauseway is ready.\n');
  say(table([...Object.entries(apps).map(([name, url]) => [`  ${name}`, url]), ['  portal', portal]]));
  say('\nSign in as one of (development only: anybody can be anybody):\n');
  say(table(DEMO_PEOPLE.map((person) => [`  ${person.displayName}`, person.may])));
  say(`\nBrowsers warn until they trust ${ca}; npm start -- --trust offers to arrange that.`);
  say(`State is kept in ${demo.dataDir}; --fresh forgets it. Ctrl-C ends everything.\n`);
}

function sayAgent(proxy: string, enrolled: boolean): void {
  say(`Agent: HTTP proxy and SOCKS5 on ${proxy}, PAC file http://${proxy}/proxy.pac`);
  say(`  curl --proxy http://${proxy} http://intranet.corp.example/`);
  if (!enrolled)
    say('It has no identity yet: sign in to the portal, choose "Connect a device", and paste the code here:');
}
