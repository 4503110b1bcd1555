import type { Socket } from 'node:net';
import { CausewayError, codeOf } from '@causeway/contract';
import { pino } from 'pino';
import type { ChildMessage, EdgeStart, SupervisorMessage } from '../rpc/supervision.ts';
import { EdgeWorker } from './edge-worker.ts';

/** The process of one edge worker: `node main.ts '<EdgeStart JSON>'`, forked by the supervisor. */
const HEALTH_MS = 1_000;
/** When the supervisor is gone nobody names a deadline. */
const ORPHAN_DRAIN_MS = 5_000;

const start = JSON.parse(process.argv[2] ?? 'null') as EdgeStart | null;
if (start === null || process.send === undefined) {
  process.stderr.write('an edge worker is started by `causeway pop`\n');
  process.exit(1);
}

const log = pino({ level: process.env['CAUSEWAY_LOG'] ?? 'info', base: { process: 'edge', worker: start.worker } });

function say(message: ChildMessage, socket?: Socket, done?: (error: Error | null) => void): boolean {
  if (!process.connected || process.send === undefined) {
    done?.(new CausewayError('CW_INTERNAL', 'the supervisor is gone'));
    return false;
  }
  return process.send(message, socket, { keepOpen: false }, done);
}

const worker = new EdgeWorker(start, log, { send: say });
let stopping = false;

async function stop(deadlineMs: number): Promise<never> {
  if (!stopping) {
    stopping = true;
    clearInterval(health);
    await worker.stop(deadlineMs);
  }
  process.exit(0);
}

function fatal(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  log.fatal({ err: error, code: codeOf(error) }, message);
  say({ t: 'fatal', code: codeOf(error), message }, undefined, () => process.exit(1));
}

process.on('message', (message: SupervisorMessage, socket: Socket | undefined) => {
  switch (message.t) {
    case 'handover':
      if (socket !== undefined) worker.adopt(socket, Buffer.from(message.head, 'base64'));
      break;
    case 'metrics':
      void worker.metrics.json().then((metrics) => say({ t: 'metrics', id: message.id, metrics }));
      break;
    case 'stop':
      void stop(message.deadlineMs);
      break;
    case 'identity':
      break; // control's alone
  }
});
process.on('disconnect', () => void stop(ORPHAN_DRAIN_MS));
process.on('SIGTERM', () => void stop(ORPHAN_DRAIN_MS));
// Ctrl-C reaches the whole process group; the supervisor decides what follows
process.on('SIGINT', () => undefined);
process.on('uncaughtException', (error) => {
  log.fatal({ err: error, code: 'CW_INTERNAL' }, 'uncaught exception');
  process.exit(1);
});

let last = '';
const health = setInterval(() => {
  const state = worker.health();
  const text = JSON.stringify(state);
  if (text === last) return;
  last = text;
  say({ t: 'health', ...state });
}, HEALTH_MS);

worker.start().then(() => {
  say({ t: 'health', ...worker.health() });
  const snapshot = worker.active?.source.number ?? 0;
  say({ t: 'ready', snapshot });
  log.info({ port: worker.port, snapshot }, 'edge worker serves');
}, fatal);
