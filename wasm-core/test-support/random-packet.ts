/** Whole numbers of a seeded xorshift, so that a failing round can be run again. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0 || 1;
  }

  /** 0 to `below` - 1. */
  below(below: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % below;
  }

  /** True once in `times`. */
  once(times: number): boolean {
    return this.below(times) === 0;
  }

  pick<T>(values: readonly [T, ...T[]]): T {
    return values[this.below(values.length)] ?? values[0];
  }

  bytes(length: number): number[] {
    return Array.from({ length }, () => this.below(256));
  }
}

const u16 = (value: number): number[] => [(value >> 8) & 255, value & 255];

/** The checksum in the plainest way there is, as two bytes. */
export function plainChecksum(bytes: readonly number[]): number[] {
  let sum = 0;
  for (const [i, byte] of bytes.entries()) sum += i % 2 === 0 ? byte * 256 : byte;
  return u16(sum === 0 ? 0xffff : 0xffff - (sum % 0xffff === 0 ? 0xffff : sum % 0xffff));
}

interface Addresses {
  readonly src: number[];
  readonly dst: number[];
}

function put(bytes: number[], at: number, values: readonly number[]): number[] {
  return bytes.toSpliced(at, values.length, ...values);
}

/** A transport part that is right. */
function transport(random: Random, protocol: number, { src, dst }: Addresses, nested: boolean): number[] {
  const pseudo = (length: number): number[] => [...src, ...dst, ...u16(length), 0, protocol];
  // Now and then longer than an ICMP error carries.
  const payload = random.bytes(random.once(50) ? 500 + random.below(1000) : random.below(40));
  if (protocol === 6) {
    const options = random.pick([[], [2, 4, 5, 180], [1, 2, 4, 5, 180, 0, 0, 0], [1, 1, 8, 10, ...random.bytes(8)]]);
    const flags = random.pick([2, 18, 16, 1, 4, 17, 0]);
    const head = [...random.bytes(12), ((20 + options.length) / 4) << 4, flags, ...random.bytes(2), 0, 0, 0, 0];
    const segment = [...head, ...options, ...payload];
    return put(segment, 16, plainChecksum([...pseudo(segment.length), ...segment]));
  }
  if (protocol === 17) {
    const datagram = [...random.bytes(4), ...u16(8 + payload.length), 0, 0, ...payload];
    if (src.length === 4 && random.once(5)) return datagram;
    const checksum = plainChecksum([...pseudo(datagram.length), ...datagram]);
    return put(datagram, 6, checksum.every((byte) => byte === 0) ? [255, 255] : checksum);
  }
  if (protocol === 1 || protocol === 58) {
    const v4 = src.length === 4;
    const errors: [number, ...number[]] = v4 ? [3, 11, 12, 5] : [1, 2, 3, 4];
    const queries: [number, ...number[]] = v4 ? [8, 0, 13] : [128, 129, 135, 137];
    const type = nested || random.once(2) ? random.pick(queries) : random.pick(errors);
    const carried = errors.includes(type) ? embedded(random, { src, dst }) : payload;
    const message = [type, random.below(8), 0, 0, ...random.bytes(4), ...carried];
    return put(message, 2, plainChecksum(v4 ? message : [...pseudo(message.length), ...message]));
  }
  return random.bytes(12);
}

/** A packet that the receiver of an ICMP error has sent, cut where routers cut. */
function embedded(random: Random, { src, dst }: Addresses): number[] {
  const target = random.once(3) ? random.bytes(src.length) : src;
  const source = random.once(12) ? random.bytes(dst.length) : dst;
  const packet = network(random, { src: source, dst: target }, true);
  return random.once(2) ? packet : packet.slice(0, (src.length === 4 ? 28 : 48) + random.below(30));
}

function network(random: Random, addresses: Addresses, nested: boolean): number[] {
  return addresses.src.length === 4 ? ipv4(random, addresses, nested) : ipv6(random, addresses, nested);
}

function ipv4(random: Random, addresses: Addresses, nested: boolean): number[] {
  const protocol = random.pick([6, 17, 1, 6, 17, 1, 51, 47]);
  const behind = protocol === 51 ? 6 : protocol;
  const ah = protocol === 51 ? [behind, 1, 0, 0, ...random.bytes(8)] : [];
  const options = random.once(4)
    ? random.pick([
        [1, 1, 1, 0],
        [7, 7, 4, 0, 0, 0, 0, 0],
        [131, 7, random.pick([4, 8]), ...random.bytes(4), 0],
      ])
    : [];
  let body = [...ah, ...transport(random, behind, addresses, nested)];
  let fragment = random.pick([0, 0x4000]);
  if (random.once(6)) {
    fragment = random.pick([0x2000, 0x2000 | (1 + random.below(100)), 1 + random.below(8100)]);
    if (fragment & 0x2000) body = body.slice(0, body.length & ~7);
  }
  const length = 20 + options.length;
  const head = [
    0x40 | (length / 4),
    0,
    ...u16(length + body.length),
    ...random.bytes(2),
    ...u16(fragment),
    64,
    protocol,
    0,
    0,
    ...addresses.src,
    ...addresses.dst,
    ...options,
  ];
  return [...put(head, 10, plainChecksum(head)), ...body];
}

function ipv6(random: Random, addresses: Addresses, nested: boolean): number[] {
  const protocol = random.pick([6, 17, 58, 6, 17, 58, 59, 50]);
  let body = transport(random, protocol, addresses, nested);
  let next = protocol;
  if (random.once(2)) {
    for (let count = random.below(random.once(8) ? 11 : 4); count > 0; count--) {
      const kind = random.pick([60, 43, 44, 51, 0]);
      if (kind === 44 && random.once(2)) body = body.slice(0, body.length & ~7);
      const header = {
        0: [next, 0, 5, 2, 0, 0, 1, 0],
        60: [next, 0, 1, 4, 0, 0, 0, 0],
        43: [next, 0, random.pick([0, 4]), random.pick([0, 0, 1]), 0, 0, 0, 0],
        44: [next, 0, ...u16(random.pick([0, 0, 1, 8, 9, 1480])), ...random.bytes(4)],
        51: [next, 2, 0, 0, ...random.bytes(12)],
      }[kind];
      body = [...(header ?? []), ...body];
      next = kind;
    }
  }
  return [0x60, 0, 0, 0, ...u16(body.length), next, 64, ...addresses.src, ...addresses.dst, ...body];
}

function address(random: Random, length: number): number[] {
  const special = random.once(8);
  if (length === 4)
    return special
      ? random.pick([
          [0, 0, 0, 0],
          [127, 0, 0, 1],
          [224, 0, 0, 1],
          [255, 255, 255, 255],
        ])
      : [10, ...random.bytes(3)];
  const zeros = Array.from({ length: 15 }, () => 0);
  return special
    ? random.pick([
        [...zeros, 0],
        [...zeros, 1],
        [0xff, 2, ...random.bytes(14)],
      ])
    : [0x20, 1, ...random.bytes(14)];
}

/** A packet with right checksums and lengths, whatever it is of. */
export function soundPacket(random: Random): number[] {
  const length = random.pick([4, 16]);
  return network(random, { src: address(random, length), dst: address(random, length) }, false);
}

/** A sound packet, or one with damage. */
export function randomPacket(random: Random): Uint8Array {
  let packet = soundPacket(random);
  if (random.once(3)) {
    for (let n = 1 + random.below(3); n > 0; n--)
      packet[random.below(random.once(2) ? 64 : packet.length)] = random.below(256);
    if (random.once(2) && packet[0] !== undefined && packet[0] >> 4 === 4) {
      const size = (packet[0] & 15) * 4;
      packet = put(packet, 10, [0, 0]);
      packet = put(packet, 10, plainChecksum(packet.slice(0, size)));
    }
  }
  if (random.once(12)) packet = packet.slice(0, random.below(packet.length + 1));
  return Uint8Array.from(packet);
}
