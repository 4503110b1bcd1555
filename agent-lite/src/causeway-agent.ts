#!/usr/bin/env node
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { CausewayError, codeOf, decodeJoinToken, type ErrorCode } from '@causeway/contract';
import { forgetIdentity, identityFile, loadIdentity, type TransportName } from '@causeway/tunnel';
import { askAgent } from './control-socket.ts';
import { authorityTarget } from './local-proxy/http-target.ts';
import { netcheck } from './netcheck.ts';
import { up } from './up.ts';

const USAGE = `usage: causeway-agent up --local-proxy [options]  connect this device, proxy on loopback
       causeway-agent down                        end it
       causeway-agent status [--json]             what it does
       causeway-agent logout                      forget this device's identity
       causeway-agent explain HOST[:PORT]         where a flow to it would go, and why
       causeway-agent netcheck [--json]           the way to the PoP, layer by layer

options: --join CODE    enrol with the one-time code from the portal, the first time
         --data DIR     folder of the identity
         --port PORT    of the local proxy on 127.0.0.1, default 8118
         --transport tls|websocket|auto
`;

/** sysexits(3), so that a service manager can tell what will not heal by itself. */
const EXIT_CODES: Partial<Record<ErrorCode, number>> = {
  CW_USAGE: 64,
  CW_DATA_UNUSABLE: 73,
  CW_DATA_LOCKED: 75,
  CW_PORT_IN_USE: 75,
  CW_NOT_ENROLLED: 77,
  CW_TOKEN_INVALID: 77,
  CW_CA_MISMATCH: 77,
  CW_CONFIG_INVALID: 78,
};
const DEFAULT_PORT = 8118;
const TRANSPORTS: readonly string[] = ['tls', 'websocket', 'auto'] satisfies TransportName[];
const isTransport = (text: string): text is TransportName => TRANSPORTS.includes(text);

function readArguments(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        'local-proxy': { type: 'boolean' },
        join: { type: 'string' },
        data: { type: 'string' },
        port: { type: 'string' },
        transport: { type: 'string' },
        json: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new CausewayError('CW_USAGE', error instanceof Error ? error.message : String(error));
  }
}

type Values = ReturnType<typeof readArguments>['values'];

function print(json: boolean | undefined, value: unknown, lines: readonly string[]): void {
  process.stdout.write(json === true ? `${JSON.stringify(value, null, 2)}\n` : `${lines.join('\n')}\n`);
}

async function runUp(values: Values, dataDir: string): Promise<number> {
  if (values['local-proxy'] !== true) throw new CausewayError('CW_USAGE', 'up needs --local-proxy');
  const port = Number(values.port ?? DEFAULT_PORT);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new CausewayError('CW_USAGE', '--port is 0 to 65535');
  const transport = values.transport ?? 'auto';
  if (!isTransport(transport)) throw new CausewayError('CW_USAGE', `--transport is ${TRANSPORTS.join(', ')}`);
  await up({ dataDir, token: values.join, port, transport });
  return 0;
}

async function status(values: Values, dataDir: string): Promise<number> {
  const found = await askAgent(dataDir, { t: 'status' });
  if (found === null) {
    print(values.json, { state: 'stopped' }, [`no agent runs with ${dataDir}`]);
    return 1;
  }
  print(values.json, found, [
    `${found.name ?? 'not enrolled'} ${found.state}${found.code === null ? '' : ` (${found.code})`}, PoP ${found.pop ?? '-'}`,
    `person ${found.user ?? '-'}, apps ${found.apps.join(' ') || '-'}`,
    `proxy ${found.proxy}, PAC ${found.pac}, ${found.flows} flows`,
  ]);
  return found.state === 'up' ? 0 : 1;
}

async function explain(values: Values, dataDir: string, target: string): Promise<number> {
  const { host, port } = authorityTarget(/:\d+$/.test(target) ? target : `${target}:443`);
  const found = await askAgent(dataDir, { t: 'explain', host, port });
  if (found === null) throw new CausewayError('CW_AGENT_OFFLINE', `no agent runs with ${dataDir}`);
  const where = found.app === null ? 'not steered' : `app ${found.app}, through the tunnel`;
  print(values.json, found, [`${found.host} port ${found.port}: ${where}`, found.why, `the agent is ${found.state}`]);
  return 0;
}

async function check(values: Values, dataDir: string): Promise<number> {
  const identity = await loadIdentity(identityFile(dataDir));
  const token = values.join === undefined ? null : decodeJoinToken(values.join);
  const known = identity ?? token;
  if (known === null) throw new CausewayError('CW_NOT_ENROLLED', 'no identity yet: name the code with --join');
  const trust = identity === null ? { caFingerprint: token?.ca ?? '' } : { ca: identity.ca };
  const findings = await netcheck(known.pop, known.tunnelDomain, trust);
  print(
    values.json,
    findings,
    findings.map(({ check: name, ok, ms, detail }) => `${ok ? 'ok  ' : 'FAIL'} ${name}: ${ms} ms, ${detail}`),
  );
  // One of the two ways in is enough.
  return findings.some(({ check: name, ok }) => ok && (name === 'tls' || name === 'websocket')) ? 0 : 1;
}

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help') || args.length === 0) {
    process.stdout.write(USAGE);
    return args.length === 0 ? 64 : 0;
  }
  const { values, positionals } = readArguments(args);
  const [verb, target, ...more] = positionals;
  const wanted = verb === 'explain' ? 1 : 0;
  if (more.length > 0 || (target === undefined ? 0 : 1) !== wanted) {
    throw new CausewayError('CW_USAGE', wanted === 1 ? 'explain HOST[:PORT]' : 'one verb');
  }
  const state = process.env['XDG_STATE_HOME'] ?? join(homedir(), '.local', 'state');
  const dataDir = resolve(values.data ?? join(state, 'causeway', 'agent'));
  switch (verb) {
    case 'up':
      return runUp(values, dataDir);
    case 'down': {
      const found = await askAgent(dataDir, { t: 'down' });
      print(values.json, { ended: found !== null }, [found === null ? `no agent runs with ${dataDir}` : 'ended']);
      return 0;
    }
    case 'status':
      return status(values, dataDir);
    case 'logout': {
      await askAgent(dataDir, { t: 'down' });
      const known = await forgetIdentity(dataDir);
      print(values.json, { forgotten: known }, [
        known ? 'forgotten; revoke the device in the portal, too' : 'there was no identity',
      ]);
      return 0;
    }
    case 'explain':
      return explain(values, dataDir, target ?? '');
    case 'netcheck':
      return check(values, dataDir);
    default:
      throw new CausewayError('CW_USAGE', `${verb ?? ''} is none of up, down, status, logout, explain, netcheck`);
  }
}

main(process.argv.slice(2)).then(
  (exitCode) => {
    process.exitCode = exitCode;
  },
  (error: unknown) => {
    const code = codeOf(error);
    process.stderr.write(`causeway-agent: ${code}: ${error instanceof Error ? error.message : String(error)}\n`);
    if (code === 'CW_USAGE') process.stderr.write(USAGE);
    process.exitCode = EXIT_CODES[code] ?? 1;
  },
);
