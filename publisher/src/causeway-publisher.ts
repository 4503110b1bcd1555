#!/usr/bin/env node
import { homedir, hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { CausewayError, codeOf, type ErrorCode } from '@causeway/contract';
import { IdentityKeeper, identityFile, obtainIdentity, prepareDataDir } from '@causeway/tunnel';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import {
  overrideConfig,
  publisherConfig,
  readConfig,
  type PublisherConfig,
  type PublisherConfigInput,
} from './config.ts';
import { examine } from './doctor.ts';
import { serveOperations } from './operations.ts';
import { Publisher, type PublisherStatus } from './publisher.ts';
import { readStatus, serveStatus } from './status-socket.ts';

const USAGE = `usage: causeway-publisher up [options]      connect this network to a PoP
       causeway-publisher status [--json]   what the running publisher does
       causeway-publisher doctor [--json]   what keeps it from working

options: --config FILE          publisher.yaml
         --data DIR             folder of the identity
         --join TOKEN           enrol with a token from the PoP, the first time
         --pop HOST:PORT        dial this address instead
         --allow HOST:PORTS     add to the allow-list, repeatable
         --map NAME=ADDRESS     pin a name, or NAME:PORT=ADDRESS:PORT, repeatable
         --transport tls|websocket|auto
         --operations HOST:PORT loopback address of /healthz, /readyz and /metrics
`;

/** sysexits(3), so that a service manager can tell what will not heal by itself. */
const EXIT_CODES: Partial<Record<ErrorCode, number>> = {
  CW_USAGE: 64,
  CW_DATA_LOCKED: 75,
  CW_DATA_UNUSABLE: 73,
  CW_PORT_IN_USE: 75,
  CW_NOT_ENROLLED: 77,
  CW_TOKEN_INVALID: 77,
  CW_CA_MISMATCH: 77,
  CW_CONFIG_INVALID: 78,
  CW_CONFIG_MISSING: 78,
};

interface Command {
  readonly verb: string;
  readonly config: PublisherConfig;
  readonly dataDir: string;
  readonly join: string | undefined;
  readonly json: boolean;
}

function readArguments(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        config: { type: 'string' },
        data: { type: 'string' },
        join: { type: 'string' },
        pop: { type: 'string' },
        allow: { type: 'string', multiple: true },
        map: { type: 'string', multiple: true },
        transport: { type: 'string' },
        operations: { type: 'string' },
        json: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new CausewayError('CW_USAGE', error instanceof Error ? error.message : String(error));
  }
}

async function readCommand(args: readonly string[]): Promise<Command> {
  const { values, positionals } = readArguments(args);
  const [verb, ...more] = positionals;
  if (verb === undefined || more.length > 0) throw new CausewayError('CW_USAGE', 'one verb: up, status or doctor');
  const base = values.config === undefined ? publisherConfig.parse({}) : await readConfig(values.config);
  const map = Object.fromEntries(
    (values.map ?? []).map((entry): [string, string] => {
      const equals = entry.indexOf('=');
      if (equals < 1) throw new CausewayError('CW_USAGE', `--map ${entry}: write NAME=ADDRESS`);
      return [entry.slice(0, equals), entry.slice(equals + 1)];
    }),
  );
  const over = {
    data: values.data,
    pop: values.pop,
    allow: values.allow,
    map,
    transport: values.transport,
    operations: values.operations,
  };
  const config = overrideConfig(base, over as PublisherConfigInput); // what is wrong in it is found there
  const state = process.env['XDG_STATE_HOME'] ?? join(homedir(), '.local', 'state');
  const dataDir = resolve(config.data ?? join(state, 'causeway', 'publisher'));
  return { verb, config, dataDir, join: values.join, json: values.json ?? false };
}

async function up(command: Command): Promise<void> {
  const { config, dataDir } = command;
  const log = pino({ level: process.env['CAUSEWAY_LOG'] ?? 'info', base: { process: 'publisher', pid: process.pid } });
  const stop = new AbortController();
  let publisher: Publisher | null = null;
  let signals = 0;
  const onSignal = (name: NodeJS.Signals): void => {
    signals++;
    log.info({ signal: name }, signals === 1 ? 'draining' : 'stopping now');
    stop.abort(new CausewayError('CW_TUNNEL_CLOSED', `ended by ${name}`));
    if (signals > 1) publisher?.destroy();
  };
  process.on('SIGTERM', onSignal).on('SIGINT', onSignal);

  await prepareDataDir(dataDir);
  const identity = await obtainIdentity({
    dataDir,
    kind: 'publisher',
    advice: 'make a join token at the PoP (causeway token) and start with --join TOKEN',
    token: command.join,
    pop: config.pop,
    transport: config.transport,
    name: hostname(),
    log,
    signal: stop.signal,
  });
  const keeper = new IdentityKeeper({ identity, file: identityFile(dataDir), transport: config.transport, log });
  const registry = new Registry();
  publisher = new Publisher({
    keeper,
    allow: config.allow,
    map: config.map,
    transport: config.transport,
    log,
    registry,
  });
  const running = publisher;
  const status = (): PublisherStatus => running.status;
  const servers = [await serveStatus(dataDir, status)];
  if (config.operations !== undefined) servers.push(await serveOperations(config.operations, { status, registry }));
  log.info({ name: identity.name, pop: identity.pop, data: dataDir }, 'publisher starts');
  running.start();
  await new Promise<void>((ended) => {
    if (stop.signal.aborted) ended();
    else stop.signal.addEventListener('abort', () => ended(), { once: true });
  });
  await running.close();
  for (const server of servers) server.close();
  log.info('publisher ends');
}

async function status(command: Command): Promise<number> {
  const found = await readStatus(command.dataDir);
  if (command.json) process.stdout.write(`${JSON.stringify(found ?? { state: 'stopped' }, null, 2)}\n`);
  else if (found === null) process.stdout.write(`no publisher runs with ${command.dataDir}\n`);
  else {
    process.stdout.write(`${found.name} (${found.id}) ${found.state}, PoP ${found.pop}\n`);
    process.stdout.write(`certificate until ${found.certificateUntil}\n`);
    for (const link of found.links) {
      const detail = link.up
        ? `up since ${new Date(link.since ?? 0).toISOString()}, ${link.streams} streams, apps ${link.apps.join(' ')}`
        : `down ${link.code ?? ''}`;
      process.stdout.write(`worker ${link.worker}: ${detail}\n`);
    }
    process.stdout.write(`allow-list: ${found.allow.join(', ')}\n`);
  }
  return found?.links.some((link) => link.up) === true ? 0 : 1;
}

async function doctor(command: Command): Promise<number> {
  const findings = await examine(command.config, command.dataDir);
  if (command.json) process.stdout.write(`${JSON.stringify(findings, null, 2)}\n`);
  else
    for (const { check, ok, detail } of findings) process.stdout.write(`${ok ? 'ok  ' : 'FAIL'} ${check}: ${detail}\n`);
  return findings.every(({ ok }) => ok) ? 0 : 1;
}

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help') || args.length === 0) {
    process.stdout.write(USAGE);
    return args.length === 0 ? 64 : 0;
  }
  const command = await readCommand(args);
  switch (command.verb) {
    case 'up':
      await up(command);
      return 0;
    case 'status':
      return status(command);
    case 'doctor':
      return doctor(command);
    default:
      throw new CausewayError('CW_USAGE', `${command.verb} is none of up, status, doctor`);
  }
}

main(process.argv.slice(2)).then(
  (exitCode) => {
    process.exitCode = exitCode;
  },
  (error: unknown) => {
    const code = codeOf(error);
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(`causeway-publisher: ${code}: ${message}\n`);
    if (code === 'CW_USAGE') process.stderr.write(USAGE);
    process.exitCode = EXIT_CODES[code] ?? 1;
  },
);
