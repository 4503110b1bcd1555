import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fillStore, ISSUE_SIZE, lineTo, openDatabase, type StoreSize } from '@causeway/proxy/measured-control';
import { startDevIdp } from '../../harness/dev-idp.ts';
import { endAll } from '../../harness/end-all.ts';
import { fetchText } from '../../harness/https-client.ts';
import { startPop, temporaryFolder, type Pop } from '../../harness/pop.ts';
import { freePorts } from '../../harness/ports.ts';
import { limitRow, median, ratioRow, type Row } from '../row.ts';
import { PacedLoad } from './paced-load.ts';
import type { PartOptions } from './part.ts';

const ACCESS = 'causeway.localhost';
const IDENTITY = 'publish-id.localhost';
const WORKERS = 2;
const EVERY_MS = 4;
const CONNECTIONS = 8;
/** Before each publish, what requests take when nothing else happens. */
const CALM_MS = 1_500;
/** Longer than a thread that nobody asks keeps its memory. */
const SETTLE_MS = 25_000;
const LIMIT_MS = 1_500;
const DELAY_MS = 50;
const RSS_MB = 400;
const TOKEN = 'a'.repeat(43);
/** Nothing of the runtime but people, so that filling takes seconds. */
const FILLED: StoreSize = {
  ...ISSUE_SIZE,
  memberships: 200_000,
  sessions: 10,
  devices: 10,
  events: 10,
  audit: 10,
  requests: 10,
};

interface Deployment {
  readonly pop: Pop;
  readonly port: number;
  readonly api: (method: string, path: string, body: object) => Promise<Record<string, unknown>>;
  stop(): Promise<void>;
}

/** A PoP of real processes over a store that was filled before it started; its working set is published once. */
async function deploy(rules: number): Promise<Deployment> {
  const folder = temporaryFolder('publish');
  const started: (() => Promise<unknown>)[] = [() => folder.forget()];
  const stop = (): Promise<void> => endAll(...started.splice(0).toReversed());
  try {
    const [port = 0, operations = 0] = await freePorts(2);
    const login = `https://login.${IDENTITY}:${port}`;
    const idp = await startDevIdp({ folder, sp: { entityId: `${login}/saml/metadata`, acsUrl: `${login}/saml/acs` } });
    started.push(() => idp.stop());
    const configFile = folder.file('causeway.yaml', {
      listen: `127.0.0.1:${port}`,
      workers: WORKERS,
      operations: `127.0.0.1:${operations}`,
      domains: { access: ACCESS, identity: IDENTITY, tunnel: 'tunnel.publish-pop.localhost' },
      identityProvider: { metadata: folder.file('idp.xml', idp.metadata) },
    });
    const data = join(folder.path, 'pop');
    await fill(data, rules);
    const pop = await startPop({ configFile, data });
    started.push(() => pop.stop());
    const line = await lineTo(data);
    const { token } = await line.call('admin.owner', null);
    line.destroy();
    const api: Deployment['api'] = async (method, path, body) => {
      const headers = {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'if-none-match': '*',
      };
      const url = `https://admin.${IDENTITY}:${port}/api/v1${path}`;
      const answer = await fetchText(url, {
        caFile: pop.ca,
        method,
        headers,
        body: JSON.stringify(body),
        timeoutMs: 60_000,
      });
      if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.body.slice(0, 500)}`);
      return JSON.parse(answer.body) as Record<string, unknown>;
    };
    await api('POST', '/snapshots', { comment: 'everything' });
    return { pop, port, api, stop };
  } catch (error) {
    await stop().catch(() => undefined);
    throw error;
  }
}

async function fill(data: string, rules: number): Promise<void> {
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const database = await openDatabase({ file: join(data, 'causeway.sqlite') });
  try {
    await fillStore(database, 'default', { ...FILLED, rules });
    await database.write
      .updateTable('session')
      .set({ groups: '["group 1"]', expires_at: Date.now() + 3_600_000 })
      .where('id', '=', 's_1')
      .execute();
    await database.write
      .updateTable('app_token')
      .set({ token_hash: createHash('sha256').update(TOKEN).digest('base64url') })
      .where('session', '=', 's_1')
      .execute();
  } finally {
    await database.close();
  }
}

/** The longest that control's loop kept a small question waiting, asked every few milliseconds. */
async function loopDelay(data: string, during: () => Promise<void>): Promise<number> {
  const line = await lineTo(data);
  let longest = 0;
  const asked = new Set<Promise<void>>();
  const ask = async (): Promise<void> => {
    const from = performance.now();
    await line.call('snapshot.piece', { hash: '', from: 0 });
    longest = Math.max(longest, performance.now() - from);
  };
  const timer = setInterval(() => {
    const one = ask().finally(() => asked.delete(one));
    asked.add(one);
  }, EVERY_MS);
  try {
    await during();
    await Promise.all(asked);
  } finally {
    clearInterval(timer);
    line.destroy();
  }
  return longest;
}

async function status(data: string) {
  const line = await lineTo(data);
  try {
    return await line.call('admin.status', null);
  } finally {
    line.destroy();
  }
}

interface Figures {
  readonly inForceMs: number[];
  readonly delayMs: number[];
  readonly calmMs: number[];
  readonly loopMs: number[];
}

async function publishOnce({ pop, port, api }: Deployment, round: number, figures: Figures): Promise<void> {
  const load = new PacedLoad({
    url: `https://app-1.${ACCESS}:${port}/`,
    ca: readFileSync(pop.ca, 'utf8'),
    headers: { cookie: `__Host-cw=${TOKEN}` },
    connections: CONNECTIONS,
    everyMs: EVERY_MS,
    // Allowed, and then nobody is there to forward it to.
    status: 502,
  });
  load.start();
  try {
    await delay(CALM_MS);
    const body = { groups: [`group ${round}`], apps: ['app-3'], ports: ['tcp/443'], action: 'allow' };
    await api('PUT', `/rules/measured-${round}`, body);
    await delay(CALM_MS);
    const calm = performance.now();
    let published = 0;
    const loop = await loopDelay(pop.data, async () => {
      const { number } = await api('POST', '/snapshots', { comment: '' });
      published = performance.now();
      const { edges } = await status(pop.data);
      if (edges.length !== WORKERS || edges.some(({ snapshot }) => snapshot !== number)) {
        throw new Error(`not in force on every worker: ${JSON.stringify(edges)} instead of ${String(number)}`);
      }
    });
    await delay(300);
    const usual = median(load.between(0, calm));
    figures.inForceMs.push(published - calm);
    figures.delayMs.push(Math.max(...load.between(calm, published + 300)) - usual);
    figures.calmMs.push(Math.max(...load.between(calm - CALM_MS / 2, calm)) - usual);
    figures.loopMs.push(loop);
  } finally {
    await load.stop();
  }
}

/** Megabytes: now, and the most since the process began or `forgetPeak`. */
function residentOf(pid: number): { now: number; peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const of = (field: string): number => Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) / 1_000;
  return { now: of('VmRSS'), peak: of('VmHWM') };
}

function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

async function measure(rules: number, rounds: number, limited: boolean): Promise<Row[]> {
  const size = `${ISSUE_SIZE.apps} apps, ${ISSUE_SIZE.users} people, ${rules} rules`;
  const deployment = await deploy(rules);
  try {
    const { control } = deployment.pop.pids;
    const first = residentOf(control).peak;
    await delay(SETTLE_MS);
    forgetPeak(control);
    const figures: Figures = { inForceMs: [], delayMs: [], calmMs: [], loopMs: [] };
    await publishOnce(deployment, 0, { inForceMs: [], delayMs: [], calmMs: [], loopMs: [] });
    for (let round = 1; round <= rounds; round++) await publishOnce(deployment, round, figures);
    const { peak } = residentOf(control);
    await delay(SETTLE_MS);
    const rss = (what: string, mb: number): Row => limitRow(`control resident ${what}, ${size}`, 'MB', [mb], RSS_MB);
    const latency = limited
      ? [
          limitRow(
            `one more rule, published to in force on ${WORKERS} workers, ${size}`,
            'ms',
            figures.inForceMs,
            LIMIT_MS,
          ),
          limitRow(`longest delay of a request meanwhile`, 'ms', figures.delayMs, DELAY_MS),
          ratioRow('longest delay of a request before', 'ms', figures.calmMs, null, null),
          ratioRow('longest wait for control’s loop meanwhile', 'ms', figures.loopMs, null, null),
        ]
      : [];
    return [
      ...latency,
      rss('settled', residentOf(control).now),
      rss('at most while it publishes one rule more', peak),
      rss('at most since its start, with everything published at once', first),
    ];
  } finally {
    await deployment.stop();
  }
}

/** Real processes: an administrator's request to publish until every worker has it in force, under a steady load. */
export async function publishRows({ rounds }: PartOptions): Promise<Row[]> {
  return [...(await measure(ISSUE_SIZE.rules, rounds, true)), ...(await measure(1_000, 1, false))];
}
