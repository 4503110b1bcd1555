import { lookup } from 'node:dns/promises';
import { connect } from 'node:net';
import { addressNumber, CausewayError, codeOf, enrolName, isLocalhostName } from '@causeway/contract';
import { connectTunnel, parseHostPort, type ConnectOptions } from '@causeway/tunnel';

export interface NetFinding {
  readonly check: 'dns' | 'tcp' | 'tls' | 'websocket';
  readonly ok: boolean;
  readonly ms: number;
  readonly detail: string;
}

const CHECK_MS = 5_000;

/**
 * The way to the PoP, layer by layer. Without a certificate only enrolment is possible, so TLS and WebSocket prove
 * the way and the PoP's own certificate, and leave the running agent's tunnel alone.
 *
 * @param trust the deployment's CA, or its fingerprint from a join token
 */
export async function netcheck(
  pop: string,
  tunnelDomain: string,
  trust: Pick<ConnectOptions, 'ca' | 'caFingerprint'>,
): Promise<readonly NetFinding[]> {
  const { host, port } = parseHostPort(pop);
  const findings: NetFinding[] = [];
  const look = async (check: NetFinding['check'], probe: () => Promise<string>): Promise<boolean> => {
    const began = performance.now();
    const finding = await probe().then(
      (detail) => ({ ok: true, detail }),
      (error: unknown) => ({ ok: false, detail: explain(error) }),
    );
    findings.push({ check, ms: Math.round(performance.now() - began), ...finding });
    return finding.ok;
  };
  let address = isLocalhostName(host) ? '127.0.0.1' : host;
  const named = await look('dns', async () => {
    if (addressNumber(address) === null) address = (await lookup(host)).address;
    return `${host} is ${address}`;
  });
  if (!named || !(await look('tcp', () => dial(address, port)))) return findings;
  for (const check of ['tls', 'websocket'] as const) {
    await look(check, async () => {
      const tunnel = await connectTunnel({
        address: { host, port },
        serverName: enrolName(tunnelDomain),
        ...trust,
        transport: check,
        timeoutMs: CHECK_MS,
        onOpen: (request) => request.refuse('CW_OPEN_INVALID'),
        onClosed: () => undefined,
      });
      tunnel.destroy();
      return 'the PoP answers and its certificate is the deployment’s';
    });
  }
  return findings;
}

function dial(address: string, port: number): Promise<string> {
  const socket = connect({ host: address, port });
  return new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer in ${CHECK_MS} ms`)), CHECK_MS);
    socket.once('connect', () => resolve(`${address} port ${port} answers`)).once('error', reject);
    socket.once('close', () => clearTimeout(timer));
  }).finally(() => socket.destroy());
}

function explain(error: unknown): string {
  const why = error instanceof Error ? error.message : String(error);
  return error instanceof CausewayError ? `${codeOf(error)}: ${why}` : why;
}
