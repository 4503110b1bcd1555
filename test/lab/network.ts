import { addNamespace, connect, removeNamespace, removeStaleNamespaces, type Namespace } from './namespaces.ts';

/**
 *      user                    edge                     corp
 *   10.213.1.2 ---------- 10.213.1.1
 *                         10.213.2.1 ---------- 10.213.2.2
 *
 * Edge forwards and both sides have routes, so that nothing but corp's own refusal of new inbound connections keeps
 * the others out: had the lab no route at all, it would prove nothing.
 */
export interface Network {
  readonly user: Namespace;
  readonly edge: Namespace;
  readonly corp: Namespace;
  /** From now on corp takes no connection that it did not begin. */
  closeCorp(): Promise<void>;
  remove(): Promise<void>;
}

export const ADDRESS = {
  user: '10.213.1.2',
  edgeForUser: '10.213.1.1',
  edgeForCorp: '10.213.2.1',
  corp: '10.213.2.2',
} as const;

const CLOSED = `table inet causeway_lab {
  chain inbound {
    type filter hook input priority 0; policy drop;
    iif "lo" accept
    ct state established,related accept
  }
}`;

export async function buildNetwork(mtu: number): Promise<Network> {
  await removeStaleNamespaces();
  const made: Namespace[] = [];
  const remove = async (): Promise<void> => {
    for (const space of made.splice(0).toReversed()) await removeNamespace(space.name);
  };
  const add = async (role: string): Promise<Namespace> => {
    const space = await addNamespace(role);
    made.push(space);
    return space;
  };
  try {
    const user = await add('user');
    const edge = await add('edge');
    const corp = await add('corp');
    await connect(
      { space: edge, device: 'to-user', address: `${ADDRESS.edgeForUser}/24` },
      { space: user, device: 'to-edge', address: `${ADDRESS.user}/24` },
      mtu,
    );
    await connect(
      { space: edge, device: 'to-corp', address: `${ADDRESS.edgeForCorp}/24` },
      { space: corp, device: 'to-edge', address: `${ADDRESS.corp}/24` },
      mtu,
    );
    await edge.run('sysctl', '-qw', 'net.ipv4.ip_forward=1');
    await user.run('ip', 'route', 'add', '10.213.2.0/24', 'via', ADDRESS.edgeForUser);
    await corp.run('ip', 'route', 'add', '10.213.1.0/24', 'via', ADDRESS.edgeForCorp);
    return { user, edge, corp, closeCorp: async () => void (await corp.run('nft', CLOSED)), remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Whether a TCP connection from the namespace succeeds within two seconds. */
export async function reaches(from: Namespace, address: string, port: number): Promise<boolean> {
  const script = `const s = require('node:net').connect(${port}, '${address}');
    const end = (code) => { s.destroy(); process.exit(code); };
    s.once('connect', () => end(0)); s.once('error', () => end(1)); setTimeout(() => end(1), 2000);`;
  try {
    await from.run(process.execPath, '-e', script);
    return true;
  } catch {
    return false;
  }
}
