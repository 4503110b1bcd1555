import type { Socket } from 'node:net';
import { CausewayError, codeOf, LIMITS } from '@causeway/contract';
import type { ChildMessage, ControlStart, SupervisorMessage } from '../rpc/supervision.ts';
import { startControl, type Control } from './control.ts';
import { StoreWait } from './store-wait.ts';
import { controlLog } from './log.ts';

/** Entry of the control process: `node main.ts '<ControlStart as JSON>'`, forked by the supervisor. */
const log = controlLog(process.env['CAUSEWAY_LOG'] ?? 'info');

function send(message: ChildMessage): void {
  if (process.connected) process.send?.(message);
}

/** Waits until the supervisor has it, so that the reason is not lost with the process. */
async function fatal(code: string, message: string): Promise<never> {
  log.fatal({ code }, message);
  if (process.connected) {
    await new Promise<void>((resolve) => {
      process.send?.({ t: 'fatal', code, message } satisfies ChildMessage, undefined, undefined, () => resolve());
    });
  }
  process.exit(1);
}

function parseStart(text: string | undefined): ControlStart {
  const value: unknown = JSON.parse(text ?? 'null');
  const given = typeof value === 'object' && value !== null ? (value as Partial<ControlStart>) : {};
  const { dataDir, configFile, workers, masterKey } = given;
  const store = process.env['CAUSEWAY_STORE'];
  if (typeof dataDir !== 'string' || typeof configFile !== 'string' || typeof workers !== 'number') {
    throw new CausewayError('CW_USAGE', 'the control process is started by `causeway pop`, not by hand');
  }
  return {
    dataDir,
    configFile,
    workers,
    ...(masterKey === undefined ? {} : { masterKey }),
    ...(store === undefined || store === '' ? {} : { store }),
  };
}

let control: Control | null = null;
const wait = new StoreWait({ log, send, retryMs: 1_000 });
let stopping = false;

async function stop(deadlineMs: number): Promise<void> {
  if (stopping) return;
  stopping = true;
  await control?.stop(deadlineMs);
  process.exit(0);
}

process.on('message', (message: SupervisorMessage, handle: unknown) => {
  switch (message.t) {
    case 'handover':
      // The handle is missing when the browser went away on the way here.
      if (handle === undefined || handle === null) return;
      (control ?? wait).handover(handle as Socket, message.head);
      return;
    case 'identity':
      wait.inherit(message);
      return;
    case 'metrics':
      void (control ?? wait).metrics().then((metrics) => send({ t: 'metrics', id: message.id, metrics }));
      return;
    case 'stop':
      void stop(message.deadlineMs);
      return;
  }
});
process.on('disconnect', () => void stop(LIMITS.drainMs));
process.on('SIGTERM', () => void stop(LIMITS.drainMs));
// The terminal sends it to the whole group; the supervisor says when to stop.
process.on('SIGINT', () => undefined);

try {
  const start = parseStart(process.argv[2]);
  control = await wait.until(() => startControl({ start, log, send, now: Date.now }));
  send({ t: 'ready', snapshot: control.snapshot });
} catch (error) {
  await fatal(codeOf(error), error instanceof Error ? error.message : String(error));
}
