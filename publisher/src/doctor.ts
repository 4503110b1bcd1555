import { X509Certificate } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { connect } from 'node:net';
import { addressNumber, codeOf, enrolName, isLocalhostName } from '@causeway/contract';
import { connectTunnel, identityFile, loadIdentity, parseHostPort, type Identity } from '@causeway/tunnel';
import type { PublisherConfig } from './config.ts';
import { readStatus } from './status-socket.ts';

export interface Finding {
  readonly check: string;
  readonly ok: boolean;
  readonly detail: string;
}

const CHECK_MS = 5_000;

/** Looks at everything a publisher needs, in the order in which it needs it, and changes nothing. */
export async function examine(config: PublisherConfig, dataDir: string): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const look = async (check: string, probe: () => Promise<string>): Promise<boolean> => {
    try {
      findings.push({ check, ok: true, detail: await probe() });
      return true;
    } catch (error) {
      const code = codeOf(error);
      const why = error instanceof Error ? error.message : String(error);
      findings.push({ check, ok: false, detail: code === 'CW_INTERNAL' ? why : `${code}: ${why}` });
      return false;
    }
  };
  findings.push({
    check: 'allow-list',
    ok: config.allow.length > 0,
    detail: config.allow.length > 0 ? config.allow.join(', ') : 'empty: nothing will be opened',
  });
  let identity: Identity | null = null;
  await look('identity', async () => {
    identity = await loadIdentity(identityFile(dataDir));
    if (identity === null) throw new Error(`none in ${dataDir}: start with --join TOKEN`);
    const { validToDate } = new X509Certificate(identity.certificate);
    if (validToDate.getTime() < Date.now()) return `${identity.name}, expired ${validToDate.toISOString()}: will renew`;
    return `${identity.name}, certificate until ${validToDate.toISOString()}`;
  });
  const running = await readStatus(dataDir);
  findings.push({
    check: 'process',
    ok: running !== null && running.links.some(({ up }) => up),
    detail:
      running === null
        ? 'not running'
        : running.links.map(({ worker, up, code }) => `w${worker} ${up ? 'up' : (code ?? 'down')}`).join(', '),
  });
  if (identity !== null) await reach(identity, config, look);
  return findings;
}

async function reach(
  identity: Identity,
  config: PublisherConfig,
  look: (check: string, probe: () => Promise<string>) => Promise<boolean>,
): Promise<void> {
  const pop = parseHostPort(config.pop ?? identity.pop);
  let address = '127.0.0.1';
  const resolved = await look('PoP name', async () => {
    if (!isLocalhostName(pop.host)) {
      address = addressNumber(pop.host) === null ? (await lookup(pop.host)).address : pop.host;
    }
    return `${pop.host} is ${address}`;
  });
  if (!resolved) return;
  const dialled = await look('PoP port', async () => {
    const socket = connect({ host: address, port: pop.port, timeout: CHECK_MS });
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('connect', resolve).once('error', reject);
        socket.once('timeout', () => reject(new Error(`no answer in ${CHECK_MS} ms`)));
      });
      return `${address} port ${pop.port} answers`;
    } finally {
      socket.destroy();
    }
  });
  if (!dialled) return;
  for (const transport of ['tls', 'websocket'] as const) {
    await look(`tunnel by ${transport}`, async () => {
      const began = performance.now();
      // Without a certificate only enrolment is possible: this proves the way and the PoP's certificate, no more.
      const tunnel = await connectTunnel({
        address: pop,
        serverName: enrolName(identity.tunnelDomain),
        ca: identity.ca,
        transport,
        timeoutMs: CHECK_MS,
        onOpen: (request) => request.refuse('CW_OPEN_INVALID'),
        onClosed: () => undefined,
      });
      tunnel.destroy();
      return `${Math.round(performance.now() - began)} ms`;
    });
  }
}
