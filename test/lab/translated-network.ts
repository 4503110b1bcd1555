import { Program, ROOT } from '../harness/program.ts';
import { addNamespace, connect, removeNamespace, removeStaleNamespaces, type Namespace } from './namespaces.ts';

/**
 *        user                     (translator)                   edge                     corp
 *     10.214.1.2   ==TUN in==   examples/translate-tun.mjs   ==TUN out==   10.214.2.1 ------- 10.214.2.2
 *   fd00:214:1::2                                            fd00:214:2::1 ---------- fd00:214:2::2
 *
 * User has no route but its TUN device; what it sends to a stub becomes, in our hands, the translator's address asking
 * corp. Edge forwards, and its cable to corp carries less than either TUN device, so that it has errors to send.
 */
export interface TranslatedNetwork {
  readonly user: Namespace;
  readonly edge: Namespace;
  readonly corp: Namespace;
  readonly translator: Program;
  remove(): Promise<void>;
}

export const FAMILIES = [
  {
    family: 4,
    user: '10.214.1.2',
    outside: '10.214.3.1',
    edge: '10.214.3.2',
    edgeForCorp: '10.214.2.1',
    corp: '10.214.2.2',
    stub: '100.64.0.1',
    refused: '100.64.0.2',
    unreachable: '100.64.0.3',
    any: '0.0.0.0/0',
    subnet: 24,
    host: 32,
  },
  {
    family: 6,
    user: 'fd00:214:1::2',
    outside: 'fd00:214:3::1',
    edge: 'fd00:214:3::2',
    edgeForCorp: 'fd00:214:2::1',
    corp: 'fd00:214:2::2',
    stub: 'fd00:64::1',
    refused: 'fd00:64::2',
    unreachable: 'fd00:64::3',
    any: '::/0',
    subnet: 64,
    host: 128,
  },
] as const;

export type Family = (typeof FAMILIES)[number];

/** What the TUN devices carry, what the translator lets out, and what the cable to corp carries. */
export const MTU = { device: 1500, translator: 1450, cable: 1380 } as const;
export const CLAMPED = { port: 8082, mss: 1000 } as const;

export async function buildTranslatedNetwork(): Promise<TranslatedNetwork> {
  await removeStaleNamespaces();
  const made: Namespace[] = [];
  const ends: (() => Promise<unknown>)[] = [];
  const remove = async (): Promise<void> => {
    for (const end of ends.splice(0).toReversed()) await end();
    for (const space of made.splice(0).toReversed()) await removeNamespace(space.name);
  };
  const add = async (role: string): Promise<Namespace> => {
    const space = await addNamespace(role);
    made.push(space);
    return space;
  };
  try {
    const [user, edge, corp] = [await add('user'), await add('edge'), await add('corp')];
    const [v4, v6] = FAMILIES;
    await connect(
      { space: edge, device: 'to-corp', address: `${v4.edgeForCorp}/${v4.subnet}` },
      { space: corp, device: 'to-edge', address: `${v4.corp}/${v4.subnet}` },
      MTU.cable,
    );
    await corp.run('ip', 'link', 'set', 'to-edge', 'mtu', String(MTU.device));
    for (const [space, device] of [
      [user, 'in'],
      [edge, 'out'],
    ] as const) {
      await space.run('ip', 'tuntap', 'add', 'dev', device, 'mode', 'tun');
      await space.run('ip', 'link', 'set', device, 'mtu', String(MTU.device), 'up');
    }
    await edge.run('sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1');
    // Without waiting for duplicate address detection.
    const address = (space: Namespace, device: string, prefix: string): Promise<string> =>
      space.run('ip', 'address', 'add', prefix, 'dev', device, ...(prefix.includes(':') ? ['nodad'] : []));
    await address(edge, 'to-corp', `${v6.edgeForCorp}/${v6.subnet}`);
    await address(corp, 'to-edge', `${v6.corp}/${v6.subnet}`);
    for (const { user: own, edge: router, edgeForCorp, outside, any, host } of FAMILIES) {
      await address(user, 'in', `${own}/${host}`);
      await user.run('ip', 'route', 'add', any, 'dev', 'in');
      await address(edge, 'out', `${router}/${host}`);
      await edge.run('ip', 'route', 'add', `${outside}/${host}`, 'dev', 'out');
      // Corp sends what fits and asks for more than that, so that user has to learn it from the errors.
      const sizes = ['mtu', String(MTU.cable), 'advmss', String(MTU.device - 60)];
      await corp.run('ip', 'route', 'add', any, 'via', edgeForCorp, ...sizes);
    }
    const translator = startTranslator(user, edge);
    ends.push(() => translator.stop());
    await translator.line('translates', (line) => (line === 'translating' ? true : undefined));
    return { user, edge, corp, translator, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Opens one device in either namespace; what has been opened in the first stays open in the second. */
function startTranslator(user: Namespace, edge: Namespace): Program {
  const open = `${ROOT}wasm-core/examples/open-tun.py`;
  const options = {
    outside: FAMILIES.map(({ outside }) => outside),
    stubs: Object.fromEntries(FAMILIES.map(({ stub, corp }) => [stub, corp])),
    refused: FAMILIES.map(({ refused }) => refused),
    unreachable: FAMILIES.map(({ unreachable }) => unreachable),
    mtu: MTU.translator,
    clamp: { [CLAMPED.port]: CLAMPED.mss },
  };
  const node = [process.execPath, `${ROOT}wasm-core/examples/translate-tun.mjs`, JSON.stringify(options)];
  const inside = [...user.exec.slice(1), 'python3', open, 'in', '3'];
  const outside = [...edge.exec, 'python3', open, 'out', '4'];
  return new Program({ name: 'translator', command: 'ip', args: [...inside, ...outside, ...node] });
}
