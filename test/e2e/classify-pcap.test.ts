import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { ROOT } from '../harness/program.ts';
import { CAPTURE, lacking } from '../harness/requirements.ts';
import { readFields } from '../harness/tshark.ts';

const EXAMPLES = join(ROOT, 'wasm-core', 'examples');
const CAPTURED = join(EXAMPLES, 'browsing.pcap');

const tables = new Map<string, Promise<string>>();
const folder = mkdtempSync(join(tmpdir(), 'causeway-captures-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What the example prints; each file is given to it once. */
function classify(file: string): Promise<string> {
  const known = tables.get(file);
  if (known !== undefined) return known;
  const table = promisify(execFile)(process.execPath, [join(EXAMPLES, 'classify-pcap.mjs'), file]).then(
    ({ stdout }) => stdout,
  );
  tables.set(file, table);
  return table;
}

interface Row {
  readonly protocol: string;
  readonly ends: readonly string[];
  readonly packets: number;
  readonly bytes: number;
  readonly errors: number;
  readonly rule: string;
}

const rowsOf = (table: string): Row[] =>
  table
    .split('\n')
    .slice(1)
    .map((line) => line.split(/ {2,}/))
    .filter((columns) => columns.length === 7)
    .map(([protocol = '', from = '', to = '', packets, bytes, errors, rule = '']) => {
      const counts = { packets: Number(packets), bytes: Number(bytes), errors: Number(errors) };
      return { protocol, ends: [from, to], ...counts, rule };
    });

describe('the example classify-pcap, on a capture made in the lab', () => {
  test('shows each flow with the rule that decides it', async () => {
    const rows = rowsOf(await classify(CAPTURED));
    const found = (protocol: string, to: string): Row | undefined =>
      rows.find((row) => row.protocol === protocol && row.ends[1] === to);
    expect(found('udp', '10.215.2.53 53')).toMatchObject({ packets: 2, rule: '0: allow' });
    expect(found('tcp', '10.215.2.2 80')).toMatchObject({ rule: '1: allow', errors: 0 });
    expect(found('tcp', 'fd00:215:2::2 80')).toMatchObject({ rule: '3: allow' });
    // In fragments, of which one has ports.
    expect(found('udp', '10.215.2.2 9000')).toMatchObject({ packets: 3, bytes: 4068, rule: '2: block' });
    // With the error about it.
    expect(found('udp', '10.215.2.2 9999')).toMatchObject({ packets: 2, errors: 1, rule: '2: block' });
    const pings = rows
      .filter(({ ends: [, to] }) => to === '10.215.2.2 0')
      .map(({ packets, errors }) => [packets, errors]);
    expect(pings).toEqual([
      [4, 0],
      [2, 1],
    ]);
    expect(found('icmp6', 'fd00:215:2::2 0')).toMatchObject({ packets: 4, rule: 'not decided' });
  });

  test.each([
    { what: 'big-endian', big: true, nanoseconds: false, link: 276 },
    { what: 'with nanoseconds', big: false, nanoseconds: true, link: 276 },
    { what: 'of Ethernet', big: false, nanoseconds: false, link: 1 },
    { what: 'of tagged Ethernet, big-endian with nanoseconds', big: true, nanoseconds: true, link: 1, tagged: true },
    { what: 'of bare IP', big: false, nanoseconds: false, link: 101 },
    { what: 'of Linux cooked frames', big: false, nanoseconds: false, link: 113 },
  ])('gives the same table for a capture $what', async ({ what, ...form }) => {
    const original = await readFile(CAPTURED);
    const file = join(folder, `${what}.pcap`);
    await writeFile(file, converted(original, form));
    const withoutSkipped = (table: string): string => table.replaceAll(/^\d+ skipped.*\n/gm, '');
    expect(withoutSkipped(await classify(file))).toBe(withoutSkipped(await classify(CAPTURED)));
  });

  test.each([
    ['nothing', Buffer.alloc(0), 'this is not a capture'],
    ['text', Buffer.alloc(64, 'x'), 'this is not a capture'],
    ['pcapng', Buffer.from('0a0d0d0a'.padEnd(64, '0'), 'hex'), 'tcpdump -r FILE -w OTHER'],
  ])('says what is wrong with %s', async (name, bytes, message) => {
    const file = join(folder, name);
    await writeFile(file, bytes);
    await expect(classify(file)).rejects.toMatchObject({ stderr: expect.stringContaining(message) });
  });

  test('says so where a capture ends within a frame', async () => {
    const file = join(folder, 'cut.pcap');
    await writeFile(file, (await readFile(CAPTURED)).subarray(0, -1));
    await expect(classify(file)).rejects.toMatchObject({ stderr: expect.stringContaining('ends within a frame') });
  });
});

describe.skipIf(lacking('classify-pcap against tshark', CAPTURE))('classify-pcap and tshark', () => {
  test('read the same flows, packets, bytes and errors', async () => {
    const table = await classify(CAPTURED);
    const ours = new Map(rowsOf(table).map((row) => [keyOf(row.protocol, row.ends), countsOf(row)]));
    const theirs = await flowsByTshark(CAPTURED);
    expect(Object.fromEntries(ours)).toEqual(Object.fromEntries(theirs.flows));
    expect(Number(/^(\d+) skipped: carries no IP$/m.exec(table)?.[1])).toBe(theirs.others);
    expect(table.match(/skipped/g)).toHaveLength(1);
    const all = [...ours.values()].reduce((sum, { packets }) => sum + packets, theirs.others);
    expect(all).toBe((await readFields(CAPTURED, ['frame.number'])).length);
  });
});

type Counts = Pick<Row, 'packets' | 'bytes' | 'errors'>;
const countsOf = ({ packets, bytes, errors }: Row): Counts => ({ packets, bytes, errors });
/** The same for both directions. */
const keyOf = (protocol: string, ends: readonly string[]): string => [protocol, ...ends.toSorted()].join(' ');

const NAMES: Readonly<Record<string, string>> = { 1: 'icmp', 6: 'tcp', 17: 'udp', 58: 'icmp6' };

/** The same by tshark's reading; an ICMP error counts for the flow of the packet in it, a fragment for its first. */
async function flowsByTshark(file: string): Promise<{ flows: Map<string, Counts>; others: number }> {
  const addresses = ['ip.src', 'ip.dst', 'ipv6.src', 'ipv6.dst', 'ip.len', 'ipv6.plen', 'ip.id', 'ip.proto'] as const;
  const ports = ['tcp.srcport', 'tcp.dstport', 'udp.srcport', 'udp.dstport'] as const;
  const icmp = ['icmp.type', 'icmp.ident', 'icmpv6.type', 'icmpv6.echo.identifier'] as const;
  const flows = new Map<string, Counts>();
  const fragments = new Map<string, string>();
  let others = 0;
  for (const packet of await readFields(file, [...addresses, ...ports, ...icmp])) {
    const v4 = packet['ip.len'].length > 0;
    if (!v4 && packet['ipv6.plen'].length === 0) {
      others++;
      continue;
    }
    const [sources, destinations] = v4
      ? [packet['ip.src'], packet['ip.dst']]
      : [packet['ipv6.src'], packet['ipv6.dst']];
    // The innermost: of an error the packet in it.
    const [src, dst] = [sources.at(-1), destinations.at(-1)];
    const type = v4 ? packet['icmp.type'].at(-1) : packet['icmpv6.type'].at(-1);
    const identifier = Number((v4 ? packet['icmp.ident'] : packet['icmpv6.echo.identifier'])[0] ?? 0);
    const named = (['tcp', 'udp'] as const).find((name) => packet[`${name}.srcport`].length > 0);
    const protocol = named ?? (v4 ? (NAMES[packet['ip.proto'].at(-1) ?? ''] ?? '') : 'icmp6');
    const isReply = type === '0' || type === '129';
    const [srcPort, dstPort] =
      named === undefined
        ? [isReply ? 0 : identifier, isReply ? identifier : 0]
        : [packet[`${named}.srcport`][0], packet[`${named}.dstport`][0]];
    const whole = [src, dst, packet['ip.id'][0]].join();
    const isFirst = named !== undefined || type !== undefined;
    const key = isFirst ? keyOf(protocol, [`${src} ${srcPort}`, `${dst} ${dstPort}`]) : (fragments.get(whole) ?? whole);
    if (isFirst) fragments.set(whole, key);
    const counts = flows.get(key) ?? { packets: 0, bytes: 0, errors: 0 };
    const length = v4 ? Number(packet['ip.len'][0]) : Number(packet['ipv6.plen'][0]) + 40;
    flows.set(key, {
      packets: counts.packets + 1,
      bytes: counts.bytes + length,
      errors: counts.errors + (sources.length > 1 ? 1 : 0),
    });
  }
  return { flows, others };
}

interface CaptureForm {
  readonly big: boolean;
  readonly nanoseconds: boolean;
  readonly link: number;
  readonly tagged?: boolean;
}

/** The IP packets of a little-endian capture of `tcpdump -i any` in another form. */
function converted(original: Buffer, { big, nanoseconds, link, tagged = false }: CaptureForm): Buffer {
  const word = (value: number, bytes: 2 | 4 = 4): Buffer => {
    const out = Buffer.alloc(bytes);
    if (big) out.writeUIntBE(value, 0, bytes);
    else out.writeUIntLE(value, 0, bytes);
    return out;
  };
  const magic = nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4;
  const parts = [word(magic), word(2, 2), word(4, 2), word(0), word(0), word(65_535), word(link)];
  for (let at = 24; at < original.length;) {
    const length = original.readUInt32LE(at + 8);
    const frame = original.subarray(at + 16, at + 16 + length);
    const type = frame.subarray(0, 2);
    const isIp = ['0800', '86dd'].includes(type.toString('hex'));
    const tag = tagged ? Buffer.from('88a8000181000002', 'hex') : Buffer.alloc(0);
    const heads: Readonly<Record<number, Buffer>> = {
      1: Buffer.concat([Buffer.alloc(12, 2), tag, type]),
      101: Buffer.alloc(0),
      113: Buffer.concat([Buffer.alloc(14), type]),
      276: frame.subarray(0, 20),
    };
    const made = Buffer.concat([heads[link] ?? Buffer.alloc(0), frame.subarray(20)]);
    const fraction = original.readUInt32LE(at + 4) * (nanoseconds ? 1000 : 1);
    // Frames of bare IP cannot say that they are something else.
    if (isIp || link !== 101) {
      parts.push(word(original.readUInt32LE(at)), word(fraction), word(made.length), word(made.length), made);
    }
    at += 16 + length;
  }
  return Buffer.concat(parts);
}
