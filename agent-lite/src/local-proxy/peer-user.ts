import { readFile } from 'node:fs/promises';
import { endianness } from 'node:os';
import { addressNumber, CausewayError } from '@causeway/contract';

/**
 * Whose socket is at the other end of a loopback connection, from the kernel's tables (proc_pid_net(5)):
 *
 *     sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
 *      0: 0100007F:C350 0100007F:1FB6 01 00000000:00000000 00:00000000 00000000  1000        0 12345 …
 *
 * An address is its 32-bit words in hex, each in the machine's byte order; a port is plain hex.
 */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

export interface PeerTables {
  readonly tcp: string;
  readonly tcp6: string;
}

const V4_FIRST = 0xffff_0000_0000n;

/** The address as the tables write it: IPv4 with 8 digits for `tcp`, and everything with 32 for `tcp6`. */
export function tableAddress(address: string, family: 'tcp' | 'tcp6', littleEndian: boolean): string | null {
  const number = addressNumber(address);
  if (number === null) return null;
  if (family === 'tcp' && number >> 32n !== V4_FIRST >> 32n) return null;
  const count = family === 'tcp' ? 1 : 4;
  let out = '';
  for (let word = count - 1; word >= 0; word--) {
    const bytes = [24n, 16n, 8n, 0n].map((shift) => (number >> (BigInt(word) * 32n + shift)) & 0xffn);
    for (const byte of littleEndian ? bytes.toReversed() : bytes) out += byte.toString(16).padStart(2, '0');
  }
  return out.toUpperCase();
}

/**
 * The uid of the process that holds the client's end; `null` when no row shows one. Rows without an inode belong to
 * nobody any more (a socket that was closed lingers as uid 0, which would look like root) and are not believed.
 */
export function findPeerUid(
  tables: PeerTables,
  client: Endpoint,
  server: Endpoint,
  littleEndian: boolean,
): number | null {
  for (const family of ['tcp', 'tcp6'] as const) {
    const local = tableEndpoint(client, family, littleEndian);
    const remote = tableEndpoint(server, family, littleEndian);
    if (local === null || remote === null) continue;
    for (const line of tables[family].split('\n')) {
      const fields = line.trim().split(/\s+/);
      if (fields[1] !== local || fields[2] !== remote) continue;
      const uid = fields[7] ?? '';
      const inode = fields[9] ?? '0';
      if (/^\d+$/.test(uid) && /^\d+$/.test(inode) && inode !== '0') return Number(uid);
    }
  }
  return null;
}

function tableEndpoint({ address, port }: Endpoint, family: 'tcp' | 'tcp6', littleEndian: boolean): string | null {
  const text = tableAddress(address, family, littleEndian);
  return text === null ? null : `${text}:${port.toString(16).toUpperCase().padStart(4, '0')}`;
}

export type IsOwnUser = (client: Endpoint, server: Endpoint) => Promise<boolean>;

/** The check for this machine. Throws `CW_CONFIG_INVALID` on systems that do not tell whose a socket is. */
export function ownUserCheck(platform: NodeJS.Platform = process.platform): IsOwnUser {
  const own = process.getuid?.();
  if (platform !== 'linux' || own === undefined) {
    throw new CausewayError(
      'CW_CONFIG_INVALID',
      `unsupported platform ${platform}: the local proxy cannot tell whose connection it serves`,
    );
  }
  const littleEndian = endianness() === 'LE';
  return async (client, server) => {
    const [tcp, tcp6] = await Promise.all([
      readFile('/proc/self/net/tcp', 'latin1'),
      readFile('/proc/self/net/tcp6', 'latin1').catch(() => ''), // a kernel without IPv6
    ]);
    return findPeerUid({ tcp, tcp6 }, client, server, littleEndian) === own;
  };
}
