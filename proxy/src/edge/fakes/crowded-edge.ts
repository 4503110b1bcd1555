import { PassThrough } from 'node:stream';
import { pino } from 'pino';
import type { EdgeStart } from '../../rpc/supervision.ts';
import { EdgeWorker } from '../edge-worker.ts';
import { Exchange } from '../exchange/exchange.ts';
import { decideExchange } from '../exchange/policy-pass.ts';
import type { LiveStream } from '../live-streams.ts';
import type { CrowdCalls, CrowdReport } from './crowd.ts';

/**
 * `node crowded-edge.ts '<EdgeStart JSON>'`: an edge worker with far more open than sockets could bring here. Its line
 * to control, sessions, policy and streams are the worker's own; what a cut ends is a pair of streams without network.
 */
const start = JSON.parse(process.argv[2] ?? 'null') as EdgeStart;
const worker = new EdgeWorker(start, pino({ level: 'warn' }), { send: () => false });
await worker.start();

let beat = performance.now();
let worst = 0;
const heartbeat = setInterval(() => {
  const now = performance.now();
  worst = Math.max(worst, now - beat - 1);
  beat = now;
}, 1);

function current(): NonNullable<EdgeWorker['active']> {
  if (worker.active === null) throw new Error('no snapshot is in force');
  return worker.active;
}

/** As the passes and the engine leave an exchange whose answer is under way. */
async function open(tokenHash: string, upgrade: boolean): Promise<boolean> {
  const session = await worker.sessions.find(tokenHash);
  if (session === null || session === 'busy') return false;
  const { host } = session.grant;
  const rawHeaders = ['Host', host, 'Accept', '*/*', 'User-Agent', 'crowd', 'Cookie', `__Host-cw=${tokenHash}`];
  const request = {
    method: 'GET',
    target: '/live',
    httpVersion: '1.1',
    rawHeaders,
    upgrade,
    serverName: host,
    address: '192.0.2.7',
    connection: {},
  };
  const exchange = new Exchange(request, current);
  exchange.host = host;
  exchange.appSession = session;
  if (decideExchange(exchange, session).action !== 'allow') return false;
  const [browser, app] = [new PassThrough(), new PassThrough()];
  browser.pipe(app);
  browser.once('close', () => app.destroy());
  const live: LiveStream = exchange;
  app.once('close', () => worker.live.remove(live));
  exchange.abort = () => browser.destroy();
  worker.live.add(exchange);
  return true;
}

const calls: { [K in keyof CrowdCalls]: (args: CrowdCalls[K]) => Promise<CrowdReport> } = {
  open: async ({ tokens, each }) => {
    for (const token of tokens) for (let i = 0; i < each; i++) await open(token, i === 0);
    return report();
  },
  watch: async () => {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 50));
    worst = 0;
    beat = performance.now();
    return report();
  },
  report: async () => report(),
};

function report(): CrowdReport {
  // what has blocked the loop until now has not beaten yet
  worst = Math.max(worst, performance.now() - beat - 1);
  return { streams: worker.live.size, blockedMs: worst };
}

process.on('message', ({ call, args }: { call: keyof CrowdCalls; args: never }) => {
  void calls[call](args).then((answer) => process.send?.(answer));
});
process.on('disconnect', () => {
  clearInterval(heartbeat);
  process.exit(0);
});
process.send?.(report());
