import type { Duplex } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { CausewayError, type DialerMessage } from '@causeway/contract';
import { streamDuplex } from '@causeway/tunnel';
import { FakeCa, type Issued } from '../fakes/ca.ts';
import { FakeControl } from '../fakes/control.ts';
import { EdgeProcess } from '../fakes/edge-process.ts';
import { FakeOrigin } from '../fakes/origin.ts';
import { FakePeer, toPort } from '../fakes/publisher.ts';
import { secretsOf, snapshotOf, TUNNEL_DOMAIN, type Configuration } from '../fakes/snapshot.ts';

const CONFIGURATION: Configuration = {
  apps: [
    { name: 'intranet', hosts: ['intranet.corp.example', '10.1.0.0/16'], ports: ['tcp/80'], publishers: ['hq'] },
    { name: 'wide', hosts: ['*.corp.example'], ports: ['tcp/8000-8010'], publishers: ['hq'] },
    { name: 'vault', hosts: ['vault.corp.example'], ports: ['tcp/80'], publishers: ['hq'] },
    { name: 'payroll', hosts: ['payroll.corp.example'], ports: ['tcp/80'], publishers: ['hq'] },
  ],
  rules: [
    { name: 'vault', apps: ['vault'], action: 'block', notice: 'Not {{app}}, {{person}}.' },
    { name: 'staff', users: ['alice'], apps: ['intranet', 'wide'], action: 'allow' },
  ],
};

let ca: FakeCa;
let control: FakeControl;
let edge: EdgeProcess;
let origin: FakeOrigin;
const peers: FakePeer[] = [];

function closeOf(stream: Duplex): Promise<void> {
  stream.on('error', () => undefined);
  return new Promise((resolve) => stream.once('close', () => resolve()));
}

async function dial(
  identity: Issued | null,
  options: Partial<Parameters<typeof FakePeer.dial>[0]> = {},
): Promise<FakePeer> {
  const peer = await FakePeer.dial({ port: edge.port, ca, identity, ...options });
  peers.push(peer);
  return peer;
}

beforeAll(async () => {
  ca = await FakeCa.create();
  control = new FakeControl(snapshotOf(1, CONFIGURATION), await secretsOf(ca));
  control.answers['tunnel.peer'] = ({ id }) => {
    if (id === 'revoked') throw new CausewayError('CW_CERT_REVOKED');
    if (id.startsWith('p')) return { kind: 'publisher', id, name: 'hq', apps: [] };
    return {
      kind: 'device',
      id,
      name: 'laptop',
      principal: {
        user: 'alice',
        displayName: 'Alice',
        groups: [],
        method: 'agent',
        authenticatedAt: 0,
        session: `device:${id}`,
      },
    };
  };
  await control.listen();
  origin = await FakeOrigin.listen();
  edge = await EdgeProcess.start(control);
  await edge.wait('ready');
});

afterAll(async () => {
  for (const peer of peers) peer.tunnel.destroy();
  await edge.stop();
  await origin.close();
  await control.close();
});

describe('a publisher', () => {
  test.each(['tls', 'websocket'] as const)('is welcomed over %s and told what it serves', async (transport) => {
    const peer = await dial(await ca.publisher('p1'), { transport });
    await peer.hello();
    expect(await peer.wait('welcome')).toMatchObject({
      version: 1,
      worker: 0,
      workers: [{ index: 0, serverName: `w0.${TUNNEL_DOMAIN}` }],
      id: 'p1',
      name: 'hq',
    });
    const assigned = await peer.wait('assign');
    expect(assigned?.apps[0]).toEqual({
      name: 'intranet',
      targets: [
        { host: 'intranet.corp.example', ports: ['tcp/80'] },
        { host: '10.1.0.0/16', ports: ['tcp/80'] },
      ],
    });
    await vi.waitFor(() => expect(edge.log).toContain('"peer":"p1"'));
    expect(edge.log).toMatch(/"peer":"p1".*"address":"127\.0\.0\.1"/);
    peer.tunnel.destroy();
  });

  test('is told anew when the configuration changes', async () => {
    const peer = await dial(await ca.publisher('p2'));
    await peer.hello();
    await peer.wait('assign');
    peer.heard.length = 0;
    await control.publish(snapshotOf(2, CONFIGURATION));
    expect((await peer.wait('assign'))?.apps).toHaveLength(4);
    peer.tunnel.destroy();
  });

  test('that is revoked loses its tunnel', async () => {
    const peer = await dial(await ca.publisher('p3'));
    await peer.hello();
    await peer.wait('assign');
    await control.revoke({ publishers: ['p3'] });
    await vi.waitFor(() => expect(peer.tunnel.closed).toBe(true));
  });

  test('opens no streams', async () => {
    const peer = await dial(await ca.publisher('p4'));
    await peer.hello();
    await peer.wait('assign');
    const opened = peer.tunnel.open({ v: 1, kind: 'tcp', host: 'intranet.corp.example', port: 80 });
    await expect(opened).rejects.toMatchObject({ code: 'CW_OPEN_INVALID' });
    peer.tunnel.destroy();
  });
});

describe('reports', () => {
  const system = { hostName: 'host', os: 'linux', osVersion: '6', model: '', machine: '' };
  const report = { t: 'report', software: 'test/1', startedAt: 1, system } as const;

  test('of a peer that serves reach control, no more than one in a second', async () => {
    const peer = await dial(await ca.publisher('p7'));
    await peer.hello('publisher', [1, 2]);
    expect(await peer.wait('welcome')).toMatchObject({ version: 2 });
    for (let i = 0; i < 20; i++) peer.sayMore({ ...report, startedAt: i });
    await expect.poll(() => control.reports.filter(({ id }) => id === 'p7')).toHaveLength(1);
    expect(control.reports.find(({ id }) => id === 'p7')?.report).toMatchObject({ startedAt: 0, system });
    expect(peer.tunnel.closed).toBe(false);
    peer.tunnel.destroy();
  });

  test('before the welcome end the tunnel', async () => {
    const peer = await dial(await ca.publisher('p8'));
    await peer.say(report);
    expect(await peer.wait('refused')).toMatchObject({ code: 'CW_MESSAGE_INVALID' });
    expect(control.reports.filter(({ id }) => id === 'p8')).toEqual([]);
    peer.tunnel.destroy();
  });
});

describe('whoever may not', () => {
  const hello: DialerMessage = { t: 'hello', versions: [1], role: 'publisher', software: 'test', clock: Date.now() };

  test('serve is told why', async () => {
    const foreignCa = await FakeCa.create('CN=foreign');
    const foreign = await foreignCa.publisher('p1');
    const expired = await ca.publisher('p1', { fromDays: -3, toDays: -1 });
    const server = await ca.issue({ names: [{ type: 'url', value: 'causeway:publisher:p1' }], usage: 'server' });
    const nameless = await ca.issue({ names: [{ type: 'dns', value: 'p1.example' }], usage: 'client' });
    const cases: [Issued | null, string][] = [
      [null, 'CW_CERT_REQUIRED'],
      [foreign, 'CW_CERT_FOREIGN'],
      [expired, 'CW_CERT_EXPIRED'],
      [server, 'CW_CERT_FOREIGN'],
      [nameless, 'CW_CERT_FOREIGN'],
      [await ca.publisher('revoked'), 'CW_CERT_REVOKED'],
    ];
    for (const [identity, code] of cases) {
      const peer = await dial(identity);
      await peer.say(hello);
      expect(await peer.wait('refused')).toMatchObject({ code });
      peer.tunnel.destroy();
    }
  });

  test('speak our version is refused', async () => {
    const peer = await dial(await ca.publisher('p1'));
    await peer.say({ ...hello, versions: [99] });
    expect(await peer.wait('refused')).toMatchObject({ code: 'CW_VERSION_UNSUPPORTED' });
    peer.tunnel.destroy();
  });

  test('a device’s certificate does not serve as a publisher', async () => {
    const peer = await dial(await ca.device('d1'));
    await peer.say(hello);
    expect(await peer.wait('refused')).toMatchObject({ code: 'CW_CERT_FOREIGN' });
    peer.tunnel.destroy();
  });

  test('renew without a certificate, and open streams before hello', async () => {
    const stranger = await dial(null);
    const opened = stranger.tunnel.open({ v: 1, kind: 'tcp', host: 'intranet.corp.example', port: 80 });
    await expect(opened).rejects.toMatchObject({ code: 'CW_OPEN_INVALID' });
    await stranger.say({ t: 'renew', csr: 'x' });
    expect(await stranger.wait('refused')).toMatchObject({ code: 'CW_CERT_REQUIRED' });
    stranger.tunnel.destroy();
  });
});

describe('while control cannot say who somebody is', () => {
  const answered = (): NonNullable<(typeof control.answers)['tunnel.peer']> => {
    const before = control.answers['tunnel.peer'];
    if (before === undefined) throw new Error('no answer to replace');
    return before;
  };
  async function withoutStore(run: () => Promise<void>): Promise<void> {
    const before = answered();
    control.answers['tunnel.peer'] = () => {
      throw new CausewayError('CW_STORE_LOST');
    };
    await run().finally(() => (control.answers['tunnel.peer'] = before));
  }
  async function joined(identity: Issued, role: 'publisher' | 'agent'): Promise<FakePeer> {
    const peer = await dial(identity);
    await peer.hello(role);
    expect(await peer.wait('welcome')).not.toBe(null);
    return peer;
  }
  async function refusedWith(identity: Issued): Promise<string | undefined> {
    const peer = await dial(identity);
    await peer.hello();
    const refused = await peer.wait('refused');
    peer.tunnel.destroy();
    return refused?.code;
  }

  test('a publisher and a device that had a tunnel are let in again, nobody else is', async () => {
    const publisher = await ca.publisher('p20');
    const device = await ca.device('d20');
    const before = [await joined(publisher, 'publisher'), await joined(device, 'agent')];
    await withoutStore(async () => {
      for (const { tunnel } of before) tunnel.destroy();
      const again = [await joined(publisher, 'publisher'), await joined(device, 'agent')];
      expect(await again[0]?.wait('assign')).not.toBe(null);
      expect((await again[1]?.wait('steer'))?.user).toBe('alice');
      expect(await refusedWith(await ca.publisher('p21'))).toBe('CW_STORE_LOST');
      for (const { tunnel } of again) tunnel.destroy();
    });
  });

  test('whom it revoked is not, and an expired certificate is worth nothing', async () => {
    const publisher = await ca.publisher('p22');
    const peer = await joined(publisher, 'publisher');
    const other = await joined(await ca.publisher('p23'), 'publisher');
    await control.revoke({ publishers: ['p22'] });
    await vi.waitFor(() => expect(peer.tunnel.closed).toBe(true));
    await withoutStore(async () => {
      expect(await refusedWith(publisher)).toBe('CW_STORE_LOST');
      expect(await refusedWith(await ca.publisher('p23', { fromDays: -3, toDays: -1 }))).toBe('CW_CERT_EXPIRED');
    });
    other.tunnel.destroy();
  });

  test('and says no when it can, so it is no', async () => {
    const publisher = await ca.publisher('p24');
    const peer = await joined(publisher, 'publisher');
    const before = answered();
    control.answers['tunnel.peer'] = () => {
      throw new CausewayError('CW_CERT_REVOKED');
    };
    try {
      expect(await refusedWith(publisher)).toBe('CW_CERT_REVOKED');
    } finally {
      control.answers['tunnel.peer'] = before;
      peer.tunnel.destroy();
    }
  });
});

test('without a certificate a peer may enrol, with an expired one renew', async () => {
  const asked: unknown[] = [];
  control.answers['tunnel.enrol'] = (args) => {
    asked.push(args);
    return { id: 'p9', name: 'hq', certificate: 'CERT', ca: ca.pem };
  };
  control.answers['tunnel.renew'] = ({ id }) => ({ certificate: `CERT ${id}`, ca: ca.pem });
  const stranger = await dial(null, { transport: 'websocket' });
  await stranger.say({ t: 'enrol', secret: 'secret', csr: 'CSR', name: 'me' });
  expect(await stranger.wait('enrolled')).toEqual({
    t: 'enrolled',
    id: 'p9',
    name: 'hq',
    certificate: 'CERT',
    ca: ca.pem,
    tunnelDomain: TUNNEL_DOMAIN,
  });
  expect(asked).toEqual([{ secret: 'secret', csr: 'CSR', name: 'me', address: '127.0.0.1' }]);
  stranger.tunnel.destroy();
  const late = await dial(await ca.publisher('p8', { fromDays: -3, toDays: -1 }));
  await late.say({ t: 'renew', csr: 'CSR' });
  expect(await late.wait('renewed')).toMatchObject({ certificate: 'CERT p8' });
  late.tunnel.destroy();
});

describe('an agent', () => {
  let publisher: FakePeer;
  let agent: FakePeer;
  const opened: unknown[] = [];

  beforeAll(async () => {
    publisher = await dial(await ca.publisher('p5'), {
      onOpen: (request) => {
        opened.push(request.header);
        toPort(() => origin.port)(request);
      },
    });
    await publisher.hello();
    await publisher.wait('assign');
    agent = await dial(await ca.device('d1'), { serverName: `agent.${TUNNEL_DOMAIN}` });
    await agent.hello('agent');
    await agent.wait('steer');
  });

  const open = (host: string, port: number) => agent.tunnel.open({ v: 1, kind: 'tcp', host, port });

  test('hears what its person may open, and where a notice waits', () => {
    const steer = agent.heard.find((message) => message.t === 'steer');
    expect(steer?.t === 'steer' && steer.apps.map((app) => app.name)).toEqual(['intranet', 'wide', 'vault']);
  });

  test.each([
    ['intranet.corp.example', 80, 'intranet'],
    ['INTRANET.corp.example.', 80, 'intranet'],
    ['10.1.2.3', 80, 'intranet'],
    ['a.b.corp.example', 8005, 'wide'],
  ])('reaches %s:%i', async (host, port, app) => {
    const stream = streamDuplex(await open(host, port));
    stream.write('GET /flow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    let text = '';
    for await (const chunk of stream) text += String(chunk);
    expect(text).toContain('<h1>/flow</h1>');
    expect(opened.at(-1)).toMatchObject({ v: 1, kind: 'tcp', app, port });
    await vi.waitFor(() => {
      const event = control.events.find((one) => one.kind === 'flow' && one.app === app);
      expect(event).toMatchObject({ user: 'alice', device: 'd1', method: 'agent' });
      expect(event?.bytesDown).toBeGreaterThan(10);
    });
  });

  test.each([
    ['unknown.example', 80, 'CW_APP_UNKNOWN'],
    ['payroll.corp.example', 80, 'CW_APP_UNKNOWN'],
    ['corp.example', 8005, 'CW_APP_UNKNOWN'],
    ['intranet.corp.example', 22, 'CW_APP_UNKNOWN'],
    ['10.2.0.1', 80, 'CW_APP_UNKNOWN'],
    ['vault.corp.example', 80, 'CW_POLICY_BLOCKED'],
  ])('does not reach %s:%i', async (host, port, code) => {
    await expect(open(host, port)).rejects.toMatchObject({ code });
  });

  test('is told why by the notice of the rule, which names person and app', async () => {
    await expect(open('vault.corp.example', 80)).rejects.toThrow('Not vault, Alice.');
  });

  test('loses its flows when a rule goes, and its tunnel when it is revoked', async () => {
    const stream = streamDuplex(await open('intranet.corp.example', 80));
    const closed = closeOf(stream);
    const rules = CONFIGURATION.rules.filter((rule) => rule.name !== 'staff');
    await control.publish(snapshotOf(3, { ...CONFIGURATION, rules }));
    await closed;
    await control.publish(snapshotOf(4, CONFIGURATION));
    const again = streamDuplex(await open('intranet.corp.example', 80));
    const cut = closeOf(again);
    await control.revoke({ devices: ['d1'] });
    await cut;
    await vi.waitFor(() => expect(agent.tunnel.closed).toBe(true));
  });
});
