import { describe, expect, it } from 'vitest';
import { readFile } from 'node:fs/promises';
import { plainChecksum } from '../../test-support/random-packet.ts';
import * as LAYOUT from '../layout.gen.ts';
import { ReferencePacketBuffer } from '../reference/packets/reference-packet-buffer.ts';
import type { PacketBufferFace, PacketBufferOptions } from './packet-buffer-face.ts';
import { PacketBuffer } from './packet-buffer.ts';
import { PACKET_ERRORS } from './packet-errors.ts';

interface Change {
  readonly src?: string;
  readonly dst?: string;
  readonly srcPort?: number;
  readonly dstPort?: number;
}
interface Operation {
  readonly rewrite?: Change;
  readonly clampMss?: number;
  readonly unreachable?: { readonly code: number; readonly from?: string };
  readonly tooBig?: { readonly mtu: number; readonly from?: string };
  readonly result?: string;
  readonly error?: number;
}
interface Vectors {
  readonly checksums: readonly { readonly bytes: string; readonly checksum: number }[];
  readonly packets: readonly {
    readonly name: string;
    readonly packet: string;
    readonly error?: number;
    readonly fields?: Readonly<Record<string, number>>;
    readonly operations?: readonly Operation[];
  }[];
}

const vectorFile = new URL('../../vectors/packets.json', import.meta.url);
const vectors = JSON.parse(await readFile(vectorFile, 'utf8')) as Vectors;

const BYTES = 4096;
const ANSWER = 2000;
const CANARY = 0xa5;
const unhex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const address = (text: string | undefined): Uint8Array | undefined => (text === undefined ? undefined : unhex(text));
/** PACKET_EMBEDDED_L4 for `embeddedL4`. */
const offsetOf = (field: string): number => {
  const name = `PACKET_${field.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
  return Object.entries(LAYOUT).find(([key]) => key === name)?.[1] ?? Number.NaN;
};
const vector = (name: string): Uint8Array => unhex(vectors.packets.find((entry) => entry.name === name)?.packet ?? '');

const implementations: [string, new (options?: PacketBufferOptions) => PacketBufferFace][] = [
  ['WebAssembly', PacketBuffer],
  ['reference', ReferencePacketBuffer],
];

describe.each(implementations)('packet buffer: %s', (_, Implementation) => {
  const holding = (packet: Uint8Array, offset = 0): PacketBufferFace => {
    const buffer = new Implementation({ packets: 2, bytes: BYTES });
    buffer.data.fill(CANARY);
    buffer.data.set(packet, offset);
    return buffer;
  };

  function operate(buffer: PacketBufferFace, { rewrite, clampMss, unreachable, tooBig }: Operation): number {
    if (rewrite !== undefined)
      return buffer.rewrite(0, { ...rewrite, src: address(rewrite.src), dst: address(rewrite.dst) });
    if (clampMss !== undefined) return buffer.clampMss(0, clampMss);
    if (unreachable !== undefined) {
      return buffer.buildUnreachable(0, ANSWER, unreachable.code, address(unreachable.from));
    }
    if (tooBig !== undefined) return buffer.buildPacketTooBig(0, ANSWER, tooBig.mtu, address(tooBig.from));
    return buffer.buildReset(0, ANSWER);
  }

  it.each(vectors.packets)('$name', ({ packet, error, fields = {}, operations = [] }) => {
    const bytes = unhex(packet);
    const buffer = holding(bytes);
    expect(buffer.parse(0, bytes.length)).toBe(error ?? 0);
    expect(buffer.data).toEqual(holding(bytes).data);
    expect(Object.fromEntries(Object.keys(fields).map((field) => [field, buffer.field(0, offsetOf(field))]))).toEqual(
      fields,
    );
    for (const operation of operations) {
      const after = holding(bytes);
      after.parse(0, bytes.length);
      const code = operate(after, operation);
      const { error: refused, result = '' } = operation;
      const expected = holding(bytes);
      const inPlace = operation.rewrite !== undefined || operation.clampMss !== undefined;
      expected.data.set(unhex(result), inPlace ? 0 : ANSWER);
      // In place the answer only says whether there was something to do.
      expect(inPlace ? Math.min(code, 0) : code).toBe(refused ?? (inPlace ? 0 : result.length / 2));
      expect(hex(after.data)).toBe(hex(expected.data));
    }
  });

  it.each(vectors.checksums)('the checksum of $bytes', ({ bytes, checksum }) => {
    expect(holding(unhex(bytes), 3).checksumAt(3, bytes.length / 2)).toBe(checksum);
    expect(holding(new Uint8Array(0)).checksum(unhex(bytes))).toBe(checksum);
  });

  it('sums every length at every alignment, and more than a lane or the copy holds', () => {
    const data = Array.from({ length: 300 }, (_, i) => (i * 37 + (i >> 3)) & 255);
    const buffer = new Implementation({ packets: 1, bytes: 3_000_000 });
    buffer.data.set(data);
    for (let length = 0; length < 280; length++) {
      const offset = length % 17;
      const [high = 0, low = 0] = plainChecksum(data.slice(offset, offset + length));
      expect(buffer.checksumAt(offset, length)).toBe((high << 8) | low);
    }
    for (const byte of [0, 127, 128, 255]) {
      buffer.data.fill(byte);
      const words = (byte * 257 * 1_499_999) % 0xffff;
      const expected = 0xffff - (byte === 0 ? 0 : words === 0 ? 0xffff : words);
      expect(buffer.checksumAt(1, 2_999_998)).toBe(expected);
      expect(buffer.checksum(buffer.data.slice(1, -1))).toBe(expected);
    }
  });

  it('a UDP checksum that comes out as zero is sent as ffff, and holds', () => {
    const packet = vector('IPv4 UDP whose new checksum is zero');
    const buffer = holding(packet);
    buffer.parse(0, packet.length);
    const srcPort = vectors.packets.find(({ name }) => name === 'IPv4 UDP whose new checksum is zero')?.operations?.[0];
    buffer.rewrite(0, { srcPort: srcPort?.rewrite?.srcPort });
    expect(hex(buffer.data.subarray(26, 28))).toBe('ffff');
    expect(buffer.verify(0)).toBe(1);
  });

  it('changes the embedded packet the other way round, and the router keeps its name', () => {
    const packet = vector('IPv4 ICMP error of a router, cut');
    const buffer = holding(packet);
    buffer.parse(0, packet.length);
    buffer.rewrite(0, {
      src: Uint8Array.of(1, 2, 3, 4),
      srcPort: 99,
      dst: Uint8Array.of(100, 64, 0, 9),
      dstPort: 1025,
    });
    expect([...buffer.data.subarray(12, 20)]).toEqual([198, 51, 100, 1, 100, 64, 0, 9]);
    expect([...buffer.data.subarray(40, 52)]).toEqual([100, 64, 0, 9, 1, 2, 3, 4, 4, 1, 0, 99]);
    expect(plainChecksum([...buffer.data.subarray(28, 48)])).toEqual([0, 0]);
    expect(buffer.verify(0)).toBe(1);
  });

  it('a checksum that was wrong stays as wrong', () => {
    const packet = vector('IPv4 UDP');
    packet[30] = (packet[30] ?? 0) ^ 1;
    const buffer = holding(packet);
    buffer.parse(0, packet.length);
    expect(buffer.verify(0)).toBe(0);
    expect(buffer.rewrite(0, { dstPort: 54 })).toBe(0);
    expect(buffer.verify(0)).toBe(0);
    buffer.data[30] = (buffer.data[30] ?? 0) ^ 1;
    expect(buffer.verify(0)).toBe(1);
  });

  it('answers a segment as RFC 9293 has it', () => {
    const answerTo = (name: string): { seq: number; ack: number; flags: number; ports: number[] } => {
      const packet = vector(name);
      const buffer = holding(packet);
      buffer.parse(0, packet.length);
      const length = buffer.buildReset(0, ANSWER);
      expect(buffer.parse(ANSWER, length)).toBe(1);
      expect(buffer.verify(1)).toBe(1);
      const view = new DataView(buffer.data.buffer, buffer.data.byteOffset + ANSWER + 20, 20);
      const ports = [view.getUint16(0), view.getUint16(2)];
      return { seq: view.getUint32(4), ack: view.getUint32(8), flags: view.getUint8(13), ports };
    };
    const ports = [443, 40000];
    expect(answerTo('IPv4 TCP SYN')).toEqual({ seq: 0, ack: 0x01020305, flags: 0x14, ports });
    expect(answerTo('IPv4 TCP data')).toEqual({ seq: 0x0a0b0c0d, ack: 0, flags: 4, ports });
    expect(answerTo('IPv4 TCP data and FIN without ACK')).toEqual({ seq: 0, ack: 0x0102030c, flags: 0x14, ports });
  });

  it('writes answers before and behind the packet, never over it or past the end', () => {
    const packet = vector('IPv4 TCP SYN');
    const buffer = holding(packet, 50);
    buffer.parse(50, packet.length);
    expect(buffer.buildReset(0, 10)).toBe(40);
    expect(buffer.buildReset(0, 11)).toBe(LAYOUT.PACKET_ERROR_ROOM);
    expect(buffer.buildReset(0, 94)).toBe(40);
    expect(buffer.buildUnreachable(0, BYTES - 71, 1)).toBe(LAYOUT.PACKET_ERROR_ROOM);
    expect(buffer.buildUnreachable(0, BYTES - 72, 1)).toBe(72);
    for (const to of [50, 93, -1, BYTES + 1, 1.5]) {
      expect(() => buffer.buildReset(0, to)).toThrow(expect.objectContaining({ code: 'CW_CORE_RANGE' }));
    }
    expect(hex(buffer.data.subarray(50, 94))).toBe(hex(packet));
  });

  it('has as many descriptors as asked for, until it is cleared', () => {
    const packet = vector('IPv4 UDP');
    const buffer = holding(packet);
    expect([0, 1, 2].map(() => buffer.parse(0, packet.length))).toEqual([0, 1, LAYOUT.PACKET_ERROR_FULL]);
    buffer.clear();
    expect(() => buffer.verify(0)).toThrow('no packet 0');
    expect(buffer.parse(0, packet.length)).toBe(0);
    expect([buffer.count, buffer.capacity]).toEqual([1, 2]);
  });

  it('throws on what is not a matter of packets', () => {
    const packet = vector('IPv4 UDP');
    const buffer = holding(packet);
    buffer.parse(0, packet.length);
    const range = [
      () => new Implementation({ packets: 0 }),
      () => new Implementation({ packets: 65_537 }),
      () => new Implementation({ bytes: 2 ** 28 + 1 }),
      () => buffer.parse(-1, 20),
      () => buffer.parse(0, BYTES + 1),
      () => buffer.parse(BYTES - 1, 2),
      () => buffer.parse(0, Number.NaN),
      () => buffer.field(0, 1),
      () => buffer.rewrite(1, {}),
      () => buffer.checksumAt(4, BYTES - 3),
    ];
    for (const call of range) expect(call).toThrow(expect.objectContaining({ code: 'CW_CORE_RANGE' }));
    const argument = [
      () => buffer.rewrite(0, { srcPort: 65_536 }),
      () => buffer.rewrite(0, { dstPort: -1 }),
      () => buffer.clampMss(0, 0),
      () => buffer.buildUnreachable(0, ANSWER, 4),
      () => buffer.buildUnreachable(0, ANSWER, 16),
      () => buffer.buildPacketTooBig(0, ANSWER, 67),
    ];
    for (const call of argument) expect(call).toThrow(expect.objectContaining({ code: 'CW_CORE_ARGUMENT' }));
    expect(() => buffer.rewrite(0, { src: new Uint8Array(5) })).toThrow(
      expect.objectContaining({ code: 'CW_CORE_ADDRESS' }),
    );
    expect(buffer.rewrite(0, { src: new Uint8Array(16) })).toBe(LAYOUT.PACKET_ERROR_FAMILY);
    expect(buffer.data).toEqual(holding(packet).data);
  });
});

it('every PACKET_ERROR has words', () => {
  const codes = Object.entries(LAYOUT).filter(([name]) => name.startsWith('PACKET_ERROR_'));
  expect(codes.map(([, code]) => code).toSorted((a, b) => a - b)).toEqual(
    Object.keys(PACKET_ERRORS)
      .map(Number)
      .toSorted((a, b) => a - b),
  );
});
