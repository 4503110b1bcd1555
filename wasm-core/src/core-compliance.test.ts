import { describe, expect, it } from 'vitest';
import { natPacket } from '../fixtures/nat-packet.ts';
import { createCore } from './create-core.ts';
import type { Core } from './create-core.ts';
import { CoreError } from './errors.ts';
import { FLOW_CODES } from './nat/flow.ts';
import type { FlowKey } from './nat/flow.ts';
import { PACKET_FIELDS } from './packets/packet-fields.ts';
import type { PolicyFlow, PolicyInput, PolicyRuleInput, PolicySubject } from './policy/policy-input.ts';

/**
 * What an embedder sees of `createCore`, on both engines: every one of the seven, its answers and its errors. What each
 * structure does in depth is in the suites beside it, which run on both as well.
 */
const codeOf = (run: () => unknown): string => {
  try {
    run();
    return 'nothing was thrown';
  } catch (error) {
    return error instanceof CoreError ? error.code : String(error);
  }
};

const apps = [
  { name: 'wiki', tags: ['docs'] },
  { name: 'pay', tags: ['money'] },
];
const ada: PolicySubject = {
  user: 'ada',
  groups: ['staff', 'ops'],
  method: 'agent',
  ou: 'corp/eng/core',
  posture: ['encrypted'],
  os: 'linux',
  network: 'home',
  source: '192.0.2.7',
};
const SUNDAY_NOON = Date.UTC(2026, 10, 22, 12);
const flow: PolicyFlow = { destination: 'main.db.example', activity: 'upload', now: SUNDAY_NOON };

const [inside, outside] = [Uint8Array.of(10, 0, 0, 1), Uint8Array.of(192, 0, 2, 1)];
const outward: FlowKey = { protocol: 'udp', source: inside, sourcePort: 5, destination: outside, destinationPort: 6 };
const inward: FlowKey = { protocol: 'udp', source: outside, sourcePort: 6, destination: outside, destinationPort: 7 };

/** A condition that holds for Ada's flow to app 1 on tcp/443, and one that does not. */
const CONDITIONS: readonly [keyof PolicyRuleInput, PolicyRuleInput, PolicyRuleInput][] = [
  ['users', { users: ['bob', 'ada'] }, { users: ['bob'] }],
  ['groups', { groups: ['ops'] }, { groups: [] }],
  ['ous', { ous: ['corp/eng'] }, { ous: ['corp/en'] }],
  ['apps', { apps: ['pay'] }, { apps: ['wiki'] }],
  ['tags', { tags: ['money'] }, { tags: ['docs'] }],
  ['destinations', { destinations: ['*.db.example'] }, { destinations: ['db.example', '10.0.0.0/8'] }],
  ['ports', { ports: [{ protocol: 'tcp', from: 1, to: 443 }] }, { ports: [{ protocol: 'udp', from: 443, to: 443 }] }],
  ['methods', { methods: ['agent'] }, { methods: ['browser'] }],
  ['posture', { posture: ['patched', 'encrypted'] }, { posture: ['patched'] }],
  ['os', { os: ['linux'] }, { os: ['macos'] }],
  ['networks', { networks: ['home'] }, { networks: ['office'] }],
  ['activities', { activities: ['upload'] }, { activities: ['download'] }],
  ['sources', { sources: ['192.0.2.0-192.0.2.7'] }, { sources: ['192.0.3.0/24', '::/0'] }],
  [
    'times',
    {
      times: [
        { days: ['sat'], from: 720, to: 720 },
        { days: ['sun'], from: 719, to: 721 },
      ],
    },
    { times: [{ days: ['sun'], from: 721, to: 1440 }] },
  ],
];

describe.each(['wasm', 'typescript'] as const)('createCore on %s', (engine) => {
  const core: Core = createCore({ engine });
  const open = (input: PolicyInput) => {
    const policy = core.policy(input);
    return { policy, session: policy.open(ada) };
  };

  it('has all seven, and cannot be changed', () => {
    expect(core.engine).toBe(engine);
    expect(Object.keys(core)).toEqual(['engine', 'policy', 'stubs', 'lpm', 'packets', 'nat', 'frames', 'scan']);
    expect(Object.isFrozen(core)).toBe(true);
  });

  describe('policy', () => {
    it.each(CONDITIONS)('%s', (name, holds, fails) => {
      const { policy, session } = open({ apps, rules: [fails, holds] });
      expect(policy.decide(session, 1, 'tcp', 443, flow)).toBe(1);
      expect(policy.reason(1)).toEqual({ rule: 1, conditions: [name] });
      expect([...policy.decideAll(session, [{ ...flow, app: 1, protocol: 'tcp', port: 443 }])]).toEqual([1]);
    });

    it('gives the first of several, and -1 where none matches', () => {
      const { policy, session } = open({ apps, rules: [{ apps: ['pay'] }, { users: ['ada'] }, {}] });
      expect([0, 1].map((app) => policy.decide(session, app, 'udp', 0))).toEqual([1, 0]);
      expect(policy.reason(-1)).toEqual({ rule: -1, conditions: [] });
      expect(policy.apps).toEqual(['wiki', 'pay']);
      const none = open({ apps, rules: [] });
      expect(none.policy.decide(none.session, 0, 'tcp', 1)).toBe(-1);
    });

    it('refuses what is none', () => {
      const { policy, session } = open({ apps, rules: [{ ous: ['a'], destinations: ['x.example'] }] });
      const decide = (app: number, port: number, more: PolicyFlow = {}): string =>
        codeOf(() => policy.decide(session, app, 'tcp', port, more));
      const wrong = [
        decide(2, 1),
        decide(0.5, 1),
        decide(0, 65_536),
        decide(0, 1, { destination: '127.1' }),
        decide(0, 1, { destination: '10.0.0.0/8' }),
        decide(0, 1, { destination: new Uint8Array(5) }),
        decide(0, 1, { now: Number.NaN }),
        decide(0, 1, { now: 0, utcOffset: 1441 }),
        codeOf(() => policy.reason(1)),
        codeOf(() => policy.open({ ...ada, ou: 'a/'.repeat(65) })),
      ];
      expect(wrong).toEqual(wrong.map(() => 'CW_CORE_ARGUMENT'));
      expect(codeOf(() => policy.open({ ...ada, source: 'here' }))).toBe('CW_CORE_ADDRESS');
      expect(codeOf(() => core.policy({ apps, rules: [{ destinations: ['a b'] }] }))).toBe('CW_CORE_POLICY');
      const other = core.policy({ apps, rules: [] });
      expect(codeOf(() => other.decide(session, 0, 'tcp', 1))).toBe('CW_CORE_SESSION');
      policy.close(session);
      policy.close(session);
      expect(codeOf(() => policy.decide(session, 0, 'tcp', 1))).toBe('CW_CORE_SESSION');
    });
  });

  it('stubs', () => {
    const stubs = core.stubs({ range6: 'fd12::/64', reserved: ['100.64.0.0/24'] });
    const stub = stubs.allocate('wiki.example', 1);
    expect(stubs.allocate('wiki.example', 2)).toBe(stub);
    expect(stubs.lookupAddress(stub.address6 ?? '', 3)).toBe('wiki.example');
    expect(codeOf(() => stubs.allocate('Wiki', 4))).toBe('CW_CORE_NAME');
  });

  describe('lpm', () => {
    const table = core.lpm([
      { prefix: '0.0.0.0/0', value: 0 },
      { prefix: '10.0.0.0/8', value: 1 },
      { prefix: '10.1.0.0/16', value: 2 },
      { prefix: '10.1.2.3', value: 3 },
      { prefix: '10.1.2.3', value: 4 },
      { prefix: '::/0', value: 5 },
      { prefix: '2001:db8::/33', value: 6 },
      { base: 0xffff_0b00_0000n, bits: 104, value: 7 },
    ]);
    const ASKED: readonly [string, number][] = [
      ['9.9.9.9', 0],
      ['10.255.255.255', 1],
      ['10.1.2.4', 2],
      ['10.1.2.3', 4],
      ['::ffff:10.1.2.3', 4],
      ['11.0.0.0', 7],
      ['2001:db8:7fff::', 6],
      ['2001:db8:8000::', 5],
      ['::', 5],
    ];

    it.each(ASKED)('%s', (address, value) => expect(table.lookup(address)).toBe(value));

    it('takes bytes, and many at once', () => {
      const results = new Int32Array(3);
      table.lookupBatch(Uint8Array.of(10, 9, 9, 9, 10, 1, 2, 3), results, 'ipv4');
      expect([...results]).toEqual([1, 4, 0]);
      table.lookupBatch(Uint8Array.of(0x20, 1, 0xd, 0xb8, ...new Uint8Array(12)), results, 'ipv6');
      expect([results[0], table.lookupBytes(Uint8Array.of(11, 0, 0, 1)), table.size]).toEqual([6, 7, 8]);
      expect(core.lpm([]).lookup('::1')).toBe(-1);
    });

    it('refuses what is none', () => {
      for (const address of ['', '1.2.3', '01.2.3.4', '1.2.3.4/8', '::1%lo', ':::', '1:2:3:4:5:6:7:8:9'])
        expect(codeOf(() => table.lookup(address))).toBe('CW_CORE_ADDRESS');
      expect(codeOf(() => table.lookupBytes(new Uint8Array(5)))).toBe('CW_CORE_ADDRESS');
      expect(codeOf(() => table.lookupBatch(new Uint8Array(6), new Int32Array(9), 'ipv4'))).toBe('CW_CORE_ADDRESS');
      expect(codeOf(() => table.lookupBatch(new Uint8Array(8), new Int32Array(1), 'ipv4'))).toBe('CW_CORE_ADDRESS');
      for (const prefix of ['10.0.0.0/33', '::/129', '10.0.0.0/08', 'wiki', '10.0.0.0/'])
        expect(codeOf(() => core.lpm([{ prefix, value: 1 }]))).toBe('CW_CORE_PREFIX');
      for (const value of [-1, 2 ** 31, 0.5])
        expect(codeOf(() => core.lpm([{ prefix: '::1', value }]))).toBe('CW_CORE_PREFIX');
    });
  });

  it('packets', () => {
    const packets = core.packets({ packets: 1, bytes: 64 });
    const udp = natPacket({ ...outward, destinationPort: 53 }, 4, { payload: Uint8Array.of(1, 2, 3) });
    packets.data.set(udp);
    expect(packets.parse(0, udp.length)).toBe(0);
    expect(packets.field(0, PACKET_FIELDS.dstPort)).toBe(53);
    expect(packets.rewrite(0, { dst: Uint8Array.of(10, 0, 0, 2), dstPort: 5353 })).toBe(0);
    expect(packets.verify(0)).toBe(1);
    expect(codeOf(() => packets.verify(1))).toBe('CW_CORE_RANGE');
  });

  it('nat', () => {
    const nat = core.nat({ family: 4, capacity: 2, seed: 7n });
    expect([nat.open(outward, inward, 0), nat.lookup(inward, 0), nat.lookup(outward, 120)]).toEqual([
      0,
      1,
      FLOW_CODES.none,
    ]);
    expect(codeOf(() => nat.sweep(0, 0))).toBe('CW_CORE_NAT');
  });

  it('frames', () => {
    const frames = core.frames({ capacity: 64 });
    frames.input.set([0, 1, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4]);
    expect([frames.parse(12), ...frames.incoming.subarray(0, 4)]).toEqual([1, 0x201, 3, 4, 12]);
    expect(codeOf(() => frames.parse(65))).toBe('CW_CORE_FRAMES');
  });

  it('scan', async () => {
    const scan = await core.scan();
    const scanners = [
      scan.literals(['secret', 'SeCrEt'], { ignoreCase: true }),
      scan.digitRuns(),
      scan.classRuns({ ranges: 'af09', minLength: 8 }),
    ];
    const text = new TextEncoder().encode('Secret 4111-1111-1111-1111 deadbeef');
    const found = scanners.map((scanner) => {
      const hits: number[][] = [];
      for (const half of [text.subarray(0, 13), text.subarray(13)]) scanner.each(half, (...hit) => hits.push(hit));
      scanner.eachAtEnd((...hit) => hits.push(hit));
      return hits;
    });
    expect(found).toEqual([
      [
        [0, 0, 6],
        [1, 0, 6],
      ],
      [[16, 7, 26]],
      [[0, 27, 35]],
    ]);
    expect(codeOf(() => scan.literals([]))).toBe('CW_CORE_SCAN');
  });
});
