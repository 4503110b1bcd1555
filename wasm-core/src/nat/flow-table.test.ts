import { describe, expect, it } from 'vitest';
import { flowKeys as keys } from '../../fixtures/flow-keys.ts';
import { mirrorKey, natPacket, wrongChecksums } from '../../fixtures/nat-packet.ts';
import { random32 } from '../../fixtures/random32.ts';
import { ReferenceFlowTable } from '../reference/reference-flow-table.ts';
import { FlowTable } from './flow-table.ts';
import { FLOW_CODES, FLOW_LIMITS, FLOW_TIMEOUTS } from './flow.ts';
import type { FlowKey, FlowProtocol, FlowTableFace, FlowTableOptions } from './flow.ts';

const SYN = 2;
const ACK = 16;
const FIN = 1;
const RST = 4;

const implementations: [string, new (options: FlowTableOptions) => FlowTableFace][] = [
  ['WebAssembly', FlowTable],
  ['reference', ReferenceFlowTable],
];

describe.each(implementations)('flow table, %s', (_, Table) => {
  const make = (options: Partial<FlowTableOptions> = {}): FlowTableFace =>
    new Table({ family: 4, capacity: 64, seed: 0x1234_5678_9abc_def0n, ...options });

  describe.each([4, 6] as const)('IPv%i', (family) => {
    it('finds a flow by both keys until it is closed', () => {
      const table = make({ family });
      const { outward, inward } = keys(family, 1);
      const flow = table.open(outward, inward, 10);
      expect(flow).toBeGreaterThanOrEqual(0);
      expect([table.lookup(outward, 10), table.lookup(inward, 10)]).toEqual([flow * 2, flow * 2 + 1]);
      expect(table.lookup(mirrorKey(outward), 10)).toBe(FLOW_CODES.none);
      expect(table.lookup({ ...outward, protocol: 'udp' }, 10)).toBe(FLOW_CODES.none);
      expect(table.describe(flow)).toMatchObject({ flow, state: 'opening', outward, inward, opened: 10, expires: 250 });
      expect([table.close(flow, 10), table.close(flow, 10)]).toEqual([true, false]);
      expect(table.lookup(outward, 10)).toBe(FLOW_CODES.none);
      expect(table.describe(flow)).toBeUndefined();
      expect(table.counters()).toMatchObject({ flows: 0, opened: 1, closed: 1, found: 2, missed: 3 });
    });

    it.each(['tcp', 'udp', 'icmp'] as const)('rewrites %s there and back, checksums and all', (protocol) => {
      const table = make({ family });
      const { outward, inward } = keys(family, 1, protocol);
      const flow = table.open(outward, inward, 10);
      const payload = Uint8Array.of(1, 2, 3, 4, 5);
      for (const noChecksum of [false, true]) {
        const out = natPacket(outward, family, { payload, noChecksum, options: 8 });
        const back = natPacket(inward, family, { payload, noChecksum });
        table.packets.set(out, 3);
        table.packets.set(back, 1000);
        table.descriptors.set([3, out.length, 1000, back.length]);
        expect(table.translate(2, 11)).toBe(2);
        expect([...table.answers.subarray(0, 2)]).toEqual([flow * 2, flow * 2 + 1]);
        const out2 = table.packets.slice(3, 3 + out.length);
        const back2 = table.packets.slice(1000, 1000 + back.length);
        expect(out2).toEqual(natPacket(mirrorKey(inward), family, { payload, noChecksum, options: 8 }));
        expect(back2).toEqual(natPacket(mirrorKey(outward), family, { payload, noChecksum }));
        expect([wrongChecksums(out2, family), wrongChecksums(back2, family)]).toEqual([0, 0]);
      }
      expect(table.describe(flow)).toMatchObject({ packetsOut: 2, packetsIn: 2 });
    });

    it('leaves what it does not rewrite as it was, and what is beside', () => {
      const table = make({ family });
      const { outward, inward } = keys(family, 1);
      table.open(outward, inward, 0);
      const good = natPacket(outward, family, { payload: new Uint8Array(40) });
      const next = random32(family);
      for (let round = 0; round < 20_000; round++) {
        const packet = good.slice(0, next() % 3 === 0 ? next() % good.length : good.length);
        for (let hits = next() % 4; hits > 0; hits--) packet[next() % good.length] = next();
        const area = table.packets.subarray(0, 256).fill(0xa5);
        area.set(packet, 64);
        const before = area.slice();
        table.descriptors.set([64, packet.length]);
        table.translate(1, 0);
        const untouched = (table.answers[0] ?? 0) < 0;
        const [from, to] = untouched ? [0, 0] : [64, 64 + packet.length];
        expect(area.subarray(0, from)).toEqual(before.subarray(0, from));
        expect(area.subarray(to)).toEqual(before.subarray(to));
      }
    });

    it('keeps every flow apart while thousands come and go', () => {
      const table = make({ family, capacity: 5000 });
      const open = new Map<number, number>();
      const next = random32(99);
      for (let i = 0; i < 20_000; i++) {
        const n = next() % 6000;
        const { outward, inward } = keys(family, n);
        const held = open.get(n);
        expect(table.lookup(inward, 0)).toBe(held === undefined ? FLOW_CODES.none : held * 2 + 1);
        const closed = held !== undefined && table.close(held, 0) && open.delete(n);
        expect(closed).toBe(held !== undefined);
        if (closed) continue;
        const flow = table.open(outward, inward, 0);
        expect(flow === FLOW_CODES.full).toBe(open.size === 5000);
        if (flow >= 0) open.set(n, flow);
      }
      expect(table.counters().flows).toBe(open.size);
      for (const [n, flow] of open) expect(table.lookup(keys(family, n).outward, 0)).toBe(flow * 2);
    });
  });

  it('refuses a key that an open flow has, in either place', () => {
    const table = make();
    const { outward, inward } = keys(4, 1);
    const other = keys(4, 2);
    expect(table.open(outward, outward, 0)).toBe(FLOW_CODES.taken);
    table.open(outward, inward, 0);
    expect(table.open(outward, other.inward, 0)).toBe(FLOW_CODES.taken);
    expect(table.open(other.outward, inward, 0)).toBe(FLOW_CODES.taken);
    expect(table.open(inward, other.inward, 0)).toBe(FLOW_CODES.taken);
    expect(table.counters()).toMatchObject({ flows: 1, opened: 1 });
    expect(table.open(other.outward, other.inward, 0)).toBeGreaterThanOrEqual(0);
  });

  it('answers full, and takes flows again after a close or a sweep', () => {
    const table = make({ capacity: 2 });
    const open = (n: number, now: number): number => table.open(keys(4, n).outward, keys(4, n).inward, now);
    expect([open(1, 0), open(2, 0), open(3, 0)]).toEqual([0, 1, FLOW_CODES.full]);
    table.close(0, 0);
    expect(open(3, 0)).toBe(0);
    expect(open(4, 240)).toBe(FLOW_CODES.full);
    expect(table.sweep(240, 1).map(({ flow }) => flow)).toEqual([0]);
    expect(open(4, 240)).toBe(0);
    expect(table.counters()).toMatchObject({ flows: 2, refusedFull: 2, expired: 1 });
  });

  it('reports in the sweep a flow whose key was opened again', () => {
    const table = make();
    const { outward, inward } = keys(4, 1);
    const first = table.open(outward, inward, 0);
    const second = table.open(outward, inward, 240);
    expect(second).not.toBe(first);
    expect(table.lookup(outward, 240)).toBe(second * 2);
    expect(table.close(first, 240)).toBe(false);
    expect(table.sweep(240, 10)).toMatchObject([{ flow: first, opened: 0, expires: 240 }]);
    expect(table.sweep(240, 10)).toEqual([]);
    expect(table.lookup(outward, 240)).toBe(second * 2);
  });

  it('sweeps no more than its budget, and everything in the end', () => {
    const table = make({ capacity: 500 });
    for (let n = 0; n < 500; n++) table.open(keys(4, n).outward, keys(4, n).inward, n < 250 ? 0 : 100);
    const swept: number[] = [];
    for (let i = 0; i < 50; i++) {
      const ended = table.sweep(240, 10);
      expect(ended.length).toBeLessThanOrEqual(10);
      swept.push(...ended.map(({ flow }) => flow));
    }
    expect(swept).toEqual(Array.from({ length: 250 }, (_, i) => i));
    expect(table.counters().flows).toBe(250);
  });

  it('chooses ports from the range, once each for a destination, and says when none is left', () => {
    const table = make();
    const ports = { from: 6000, to: 6003, start: 0x8000_0001 };
    const open = (n: number): number => table.openWithPort(keys(4, n).outward, keys(4, 0).inward, ports, 0);
    const chosen = [1, 2, 3, 4].map((n) => table.describe(open(n))?.inward.destinationPort);
    expect(chosen).toEqual([6001, 6002, 6003, 6000]);
    expect(open(5)).toBe(FLOW_CODES.noPort);
    expect(open(1)).toBe(FLOW_CODES.taken);
    expect(table.counters().refusedPort).toBe(1);
    const elsewhere = { ...keys(4, 0).inward, sourcePort: 9999 };
    expect(table.openWithPort(keys(4, 6).outward, elsewhere, ports, 0)).toBeGreaterThanOrEqual(0);
    table.close(2, 0);
    expect(table.openWithPort(keys(4, 5).outward, keys(4, 0).inward, { ...ports, tries: 1 }, 0)).toBe(
      FLOW_CODES.noPort,
    );
    expect(table.describe(open(5))?.inward.destinationPort).toBe(6003);
  });

  const IN = 1;
  const OUT = 0;
  it.each<[string, FlowProtocol, [direction: number, flags: number, state: string, timeout: number | null][]]>([
    [
      'a whole TCP connection',
      'tcp',
      [
        [OUT, SYN, 'opening', 240],
        [IN, SYN | ACK, 'answered', 240],
        [IN, ACK, 'answered', 240],
        [OUT, ACK, 'established', 7440],
        [IN, ACK, 'established', 7440],
        [OUT, FIN | ACK, 'closing', 240],
        [IN, ACK, 'closing', 240],
        [OUT, FIN | ACK, 'closing', 240],
        [IN, FIN | ACK, 'closed', 240],
        [OUT, ACK, 'closed', null],
        [IN, SYN, 'closed', null],
        [OUT, SYN, 'opening', 240],
      ],
    ],
    [
      'a reset',
      'tcp',
      [
        [IN, SYN | ACK, 'answered', 240],
        [OUT, SYN | ACK, 'answered', 240],
        [OUT, ACK, 'established', 7440],
        [IN, RST, 'closed', 240],
        [OUT, RST | SYN, 'closed', null],
      ],
    ],
    ['a forged answer', 'tcp', [[IN, ACK, 'answered', 240]]],
    ['no answer', 'tcp', [[IN, SYN, 'opening', 240]]],
    [
      'UDP',
      'udp',
      [
        [OUT, 0, 'opening', 120],
        [IN, 0, 'established', 300],
        [OUT, 255, 'established', 300],
      ],
    ],
    [
      'ICMP',
      'icmp',
      [
        [OUT, 0, 'opening', 60],
        [IN, 0, 'established', 60],
      ],
    ],
  ])('states and timeouts: %s', (_, protocol, steps) => {
    const table = make();
    const { outward, inward } = keys(4, 1, protocol);
    const flow = table.open(outward, inward, 0);
    let now = 0;
    let expires = table.describe(flow)?.expires ?? 0;
    for (const [direction, flags, state, timeout] of steps) {
      now += 7;
      expect(table.touch(flow * 2 + direction, flags, 60, now)).toBe(true);
      if (timeout !== null) expires = now + timeout;
      expect(table.describe(flow)).toMatchObject({ state, expires });
    }
    expect(table.lookup(inward, expires - 1)).toBe(flow * 2 + 1);
    expect(table.lookup(inward, expires)).toBe(FLOW_CODES.none);
    expect(table.touch(flow * 2, ACK, 60, expires)).toBe(false);
    expect(table.close(flow, expires)).toBe(false);
    expect(table.sweep(expires - 1, 100)).toEqual([]);
    expect(table.sweep(expires, 100)).toMatchObject([{ flow, bytesOut: 60 * steps.filter(([d]) => d === OUT).length }]);
  });

  it('reads the flags of rewritten packets', () => {
    const table = make();
    const { outward, inward } = keys(4, 1);
    const flow = table.open(outward, inward, 0);
    const sends: [FlowKey, number, string][] = [
      [outward, SYN, 'opening'],
      [inward, SYN | ACK, 'answered'],
      [outward, ACK, 'established'],
      [inward, RST, 'closed'],
    ];
    for (const [key, flags, state] of sends) {
      const packet = natPacket(key, 4, { flags });
      table.packets.set(packet);
      table.descriptors.set([0, packet.length]);
      expect(table.translate(1, 1)).toBe(1);
      expect(table.describe(flow)?.state).toBe(state);
    }
  });

  it('the clock stops at its end instead of turning round', () => {
    const table = make();
    const { outward, inward } = keys(4, 1);
    const flow = table.open(outward, inward, 0xffff_fff0);
    expect(table.describe(flow)?.expires).toBe(0xffff_ffff);
  });

  it('answers batches, and takes overlapping and outlying packets for what they are', () => {
    const table = make({ capacity: 256 });
    for (let n = 0; n < 256; n++) {
      table.open(keys(4, n).outward, keys(4, n).inward, 0);
      table.setKey(n, n % 2 === 0 ? keys(4, n).outward : mirrorKey(keys(4, n).outward));
    }
    expect(table.lookupBatch(256, 0)).toBe(128);
    expect([...table.answers]).toEqual(Array.from({ length: 256 }, (_, n) => (n % 2 === 0 ? n * 2 : FLOW_CODES.none)));
    const packet = natPacket(keys(4, 1).outward, 4);
    table.packets.set(packet);
    table.descriptors.set([
      0,
      packet.length,
      0,
      packet.length,
      FLOW_LIMITS.packetBytes - 4,
      40,
      0xffff_ffff,
      0xffff_ffff,
    ]);
    expect(table.translate(4, 0)).toBe(1);
    expect([...table.answers.subarray(0, 4)]).toEqual([2, FLOW_CODES.none, FLOW_CODES.malformed, FLOW_CODES.malformed]);
  });

  it('rewrites a full batch and holds every flow as before', () => {
    const table = make({ capacity: 256 });
    for (let n = 0; n < 256; n++) {
      const { outward, inward } = keys(4, n);
      table.open(outward, inward, 0);
      const packet = natPacket(outward, 4);
      table.packets.set(packet, n * 64);
      table.descriptors.set([n * 64, packet.length], n * 2);
    }
    expect(table.translate(256, 0)).toBe(256);
    for (let n = 0; n < 256; n++) {
      const { outward, inward } = keys(4, n);
      expect(table.describe(n)).toMatchObject({ flow: n, outward, inward, packetsOut: 1, packetsIn: 0 });
      expect(table.packets.slice(n * 64, n * 64 + 40)).toEqual(natPacket(mirrorKey(inward), 4));
    }
  });

  it('says what it leaves to others', () => {
    const table = make();
    const table6 = make({ family: 6 });
    const answer = (packet: Uint8Array, to = table): number => {
      to.packets.set(packet);
      to.descriptors.set([0, packet.length]);
      to.translate(1, 0);
      return to.answers[0] ?? 0;
    };
    const good = natPacket(keys(4, 1).outward, 4);
    const good6 = natPacket(keys(6, 1).outward, 6);
    expect([answer(good), answer(good6, table6)]).toEqual([FLOW_CODES.none, FLOW_CODES.none]);
    expect(answer(good.with(6, 0x20))).toBe(FLOW_CODES.other);
    expect(answer(good.with(7, 1))).toBe(FLOW_CODES.other);
    expect(answer(good.with(6, 0x40))).toBe(FLOW_CODES.none);
    expect(answer(good.with(9, 47))).toBe(FLOW_CODES.other);
    expect(answer(good6.with(6, 44), table6)).toBe(FLOW_CODES.other);
    const ping = natPacket(keys(4, 1, 'icmp').outward, 4);
    expect(answer(ping.with(20, 3))).toBe(FLOW_CODES.other);
    for (const bad of [good6, good.with(0, 0x44), good.with(32, 0x40), good.with(32, 0x60), good.slice(0, 39)])
      expect(answer(bad)).toBe(FLOW_CODES.malformed);
    expect(answer(ping.with(21, 1))).toBe(FLOW_CODES.malformed);
    expect(answer(good6.with(5, 21), table6)).toBe(FLOW_CODES.malformed);
    expect(answer(new Uint8Array(0))).toBe(FLOW_CODES.malformed);
  });

  it('refuses arguments out of their range and has then done nothing', () => {
    const table = make();
    const { outward, inward } = keys(4, 1);
    const range = { from: 1, to: 2, start: 0 };
    const bad: (() => unknown)[] = [
      () => make({ capacity: 0 }),
      () => make({ capacity: FLOW_LIMITS.flows + 1 }),
      () => make({ seed: -1n }),
      () => make({ seed: 1n << 64n }),
      () => make({ family: 5 as 4 }),
      () => make({ timeouts: { icmp: 0 } }),
      () => make({ timeouts: { icmp: 2 ** 31 } }),
      () => make({ timeouts: { other: 1 } as object }),
      () => table.open(outward, inward, -1),
      () => table.open(outward, inward, 2 ** 32),
      () => table.open(outward, inward, 0.5),
      () => table.open(outward, { ...inward, protocol: 'udp' }, 0),
      () => table.open({ ...outward, protocol: 'gre' as 'tcp' }, inward, 0),
      () => table.open({ ...outward, source: new Uint8Array(16) }, inward, 0),
      () => table.open({ ...outward, sourcePort: 65536 }, inward, 0),
      () => table.open({ ...outward, protocol: 'icmp' }, { ...inward, protocol: 'icmp' }, 0),
      () => table.openWithPort(keys(4, 1, 'icmp').inward, keys(4, 1, 'icmp').outward, range, 0),
      () => table.openWithPort(outward, inward, { ...range, from: 0 }, 0),
      () => table.openWithPort(outward, inward, { ...range, from: 3 }, 0),
      () => table.openWithPort(outward, inward, { ...range, to: 65536 }, 0),
      () => table.openWithPort(outward, inward, { ...range, start: -1 }, 0),
      () => table.openWithPort(outward, inward, { ...range, tries: 0 }, 0),
      () => table.lookupBatch(257, 0),
      () => table.translate(-1, 0),
      () => table.setKey(256, outward),
      () => table.setKey(-1, outward),
      () => table.touch(-1, 0, 0, 0),
      () => table.touch(0, 256, 0, 0),
      () => table.touch(0, 0, -1, 0),
      () => table.describe(-1),
      () => table.describe(Number.NaN),
      () => table.close(FLOW_LIMITS.flows, 0),
      () => table.sweep(0, 0),
      () => table.sweep(0, FLOW_LIMITS.sweep + 1),
    ];
    for (const call of bad) expect(call).toThrow(expect.objectContaining({ code: 'CW_CORE_NAT' }));
    expect(table.counters()).toMatchObject({ flows: 0, opened: 0 });
    expect([table.describe(0), table.close(5, 0), table.touch(9, 0, 0, 0)]).toEqual([undefined, false, false]);
  });

  it('has the timeouts of the RFCs unless told otherwise', () => {
    expect(FLOW_TIMEOUTS.tcpEstablished).toBeGreaterThanOrEqual(2 * 3600 + 4 * 60);
    expect(FLOW_TIMEOUTS.tcpOpening).toBeGreaterThanOrEqual(240);
    expect(FLOW_TIMEOUTS.udpOpening).toBeGreaterThanOrEqual(120);
    expect(FLOW_TIMEOUTS.icmp).toBeGreaterThanOrEqual(60);
    const table = make({ timeouts: { tcpOpening: 9 } });
    expect(table.describe(table.open(keys(4, 1).outward, keys(4, 1).inward, 1))?.expires).toBe(10);
  });
});
