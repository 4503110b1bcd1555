import { resolve } from 'node:path';
import { CausewayError } from '@causeway/contract';
import { pino } from 'pino';
import { listenAddress, loginOrigin, operationsAddress } from '../config/derive.ts';
import { loadConfig } from '../config/load.ts';
import { Supervisor } from '../supervisor/supervisor.ts';
import { DATA_AND_JSON, dataDir, parse } from './arguments.ts';
import { EXIT, say } from './output.ts';
import { untilSignal } from './signals.ts';

export async function pop(args: string[]): Promise<number> {
  const { values } = parse(args, { ...DATA_AND_JSON, config: { type: 'string' }, store: { type: 'string' } });
  if (values.config === undefined) throw new CausewayError('CW_USAGE', 'pop needs --config FILE');
  const configFile = resolve(values.config);
  const config = await loadConfig(configFile, { alone: false });
  const store = values.store ?? config.store ?? process.env['CAUSEWAY_STORE'];
  const data = dataDir(values.data);
  const log = pino({ level: process.env['CAUSEWAY_LOG'] ?? 'info', base: { process: 'supervisor' } });
  const supervisor = new Supervisor({
    configFile,
    dataDir: data,
    ...listenAddress(config),
    workers: config.workers,
    ...(store === undefined ? {} : { store }),
    ...(config.masterKey === undefined ? {} : { masterKey: config.masterKey }),
    operations: operationsAddress(config),
    log,
  });
  const signal = untilSignal();
  await supervisor.start();
  if (values.json) {
    const operations = `http://${config.operations}`;
    say(JSON.stringify({ ready: true, pids: supervisor.pids, operations, portal: loginOrigin(config), data }));
  } else log.info({ portal: loginOrigin(config), data }, 'PoP is ready');
  await signal;
  await supervisor.stop(STOP_MS);
  return EXIT.ok;
}

/** How long requests in flight may take to end when the PoP is told to stop. */
const STOP_MS = 10_000;
