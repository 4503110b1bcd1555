import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { awaitCondition } from '../harness/await-condition.ts';
import { sha256OfSeed } from '../harness/bytes.ts';
import { endAll } from '../harness/end-all.ts';
import { expectNoLeftovers } from '../harness/leftovers.ts';
import { jsonLine, Program, ROOT } from '../harness/program.ts';
import { CAPTURE, lacking, NAMESPACES, PING, TUN } from '../harness/requirements.ts';
import { namespacesRefused, type Namespace } from './namespaces.ts';
import { buildTranslatedNetwork, CLAMPED, FAMILIES, MTU, type TranslatedNetwork } from './translated-network.ts';
import { faultyPackets, readFields } from '../harness/tshark.ts';

const PORT = 8081;
const BULK_PORT = 8083;
const CLOSED_PORT = 9;
const BULK = 20_000_000;
const UPLOAD = 1_000_000;
/** Longer than any device carries, and in more than two pieces. */
const FRAGMENTED = 4000;

const refused = existsSync('/dev/net/tun') ? await namespacesRefused() : 'there is no /dev/net/tun';
if (refused !== null) process.stdout.write(`skipped, and so unproven: translation in the lab: ${refused}\n`);

/** A datagram with a hop limit of 1, and who the kernel says has sent the error about it. */
const ASK_ONE_HOP = `
import ipaddress, select, socket, struct, sys
host, port = sys.argv[1], int(sys.argv[2])
v6 = ":" in host
s = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_DGRAM)
level, recverr, hops = (41, 25, 16) if v6 else (0, 11, 2)
s.setsockopt(level, recverr, 1)
s.setsockopt(level, hops, 1)
s.connect((host, port))
s.send(b"x" * 32)
poll = select.poll()
poll.register(s, select.POLLERR)
if not poll.poll(5000): sys.exit("no error came")
sent, ancillary, flags, to = s.recvmsg(512, 512, 0x2000)
error = ancillary[0][2]
kind, code = error[5], error[6]
offender = error[24:40] if v6 else error[20:24]
print(kind, code, ipaddress.ip_address(offender), len(sent), to[0], to[1])
`;

describe.skipIf(lacking('translation in the lab', NAMESPACES, CAPTURE, PING, TUN) || refused !== null)(
  'real sockets through FlowTable and PacketBuffer',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'causeway-translation-'));
    const capture = join(folder, 'out.pcap');
    let network: TranslatedNetwork;
    let server: Program;
    let tcpdump: Program;
    const started: Program[] = [];
    const start = (name: string, space: Namespace, ...words: string[]): Program => {
      const [command = '', ...args] = [...space.exec, ...words];
      const program = new Program({ name, command, args });
      started.push(program);
      return program;
    };
    const user = (...args: (string | number)[]): Program =>
      start('user', network.user, process.execPath, `${ROOT}test/lab/user-client.ts`, ...args.map(String));
    const outcome = async (...args: (string | number)[]): Promise<unknown> => {
      const program = user(...args);
      return JSON.parse(
        await program.line('the outcome', (line) => (jsonLine(line, 'ms') ? line : undefined), 110_000),
      );
    };

    beforeAll(async () => {
      network = await buildTranslatedNetwork();
      const ports = [PORT, CLAMPED.port, BULK_PORT].map(String);
      server = start('server', network.corp, process.execPath, `${ROOT}test/lab/corp-server.ts`, ...ports);
      const filter = ['not', 'tcp', 'port', String(BULK_PORT)];
      tcpdump = start(
        'tcpdump',
        network.edge,
        'tcpdump',
        '-U',
        '--immediate-mode',
        '-i',
        'out',
        '-w',
        capture,
        '-Z',
        'root',
        ...filter,
      );
      await server.line('serves', (line) => (line === 'serving' ? true : undefined));
      await tcpdump.line('listens', (line) => (line.includes('listening on') ? true : undefined));
    });
    afterAll(() =>
      endAll(
        ...started.toReversed().map((program) => () => program.stop()),
        () => network?.remove(),
        () => expectNoLeftovers(),
        async () => rmSync(folder, { recursive: true, force: true }),
      ),
    );

    describe.each(FAMILIES)('IPv$family', (at) => {
      test('ping, by the identifier of its queries', async () => {
        const output = await network.user.run('ping', '-n', '-c', '3', '-i', '0.2', '-W', '3', at.stub);
        expect(output).toContain('3 packets transmitted, 3 received');
        expect(output).toContain(`bytes from ${at.stub}: icmp_seq=3`);
      });

      test('20 MB down, byte for byte', async () => {
        const expected = { bytes: BULK, sha256: sha256OfSeed(at.family, BULK) };
        expect(await outcome('download', at.stub, BULK_PORT, at.family, BULK)).toMatchObject(expected);
      });

      test('1 MB up, as small as our “too big” and the translated one of the next router ask for', async () => {
        const expected = { bytes: UPLOAD, sha256: sha256OfSeed(at.family, UPLOAD) };
        expect(await outcome('upload', at.stub, PORT, at.family, UPLOAD)).toMatchObject(expected);
        expect(await network.user.run('ip', 'route', 'get', at.stub)).toContain(`mtu ${MTU.cable} `);
      });

      test('a datagram and its answer, in one packet and in fragments', async () => {
        expect(await outcome('datagram', at.stub, PORT, 1, 100)).toMatchObject({ same: true });
        expect(await outcome('datagram', at.stub, PORT, 2, FRAGMENTED)).toMatchObject({ same: true });
      });

      test('a reset that we built ends a connect at once', async () => {
        // Else it would be late: the first SYN that nobody answers is repeated for minutes.
        expect(await outcome('hold', at.refused, PORT)).toMatchObject({ error: 'ECONNREFUSED' });
        expect(await outcome('datagram', at.refused, PORT, 1, 10)).toMatchObject({ error: 'ECONNREFUSED' });
      });

      test('so does an unreachable', async () => {
        expect(await outcome('hold', at.unreachable, PORT)).toMatchObject({ error: 'EHOSTUNREACH' });
      });

      test('a refusal of the real server arrives', async () => {
        expect(await outcome('hold', at.stub, CLOSED_PORT)).toMatchObject({ error: 'ECONNREFUSED' });
        expect(await outcome('datagram', at.stub, CLOSED_PORT, 1, 10)).toMatchObject({ error: 'ECONNREFUSED' });
      });

      test('an error of a router on the way is about the packet that user sent, and keeps the router’s name', async () => {
        const output = await network.user.run('python3', '-c', ASK_ONE_HOP, at.stub, '33434');
        const timeExceeded = at.family === 4 ? 11 : 3;
        expect(output.trim()).toBe(`${timeExceeded} 0 ${at.edge} 32 ${at.stub} 33434`);
      });

      test('both ends see the clamped segment size, and elsewhere the whole one', async () => {
        const sizeAt = async (space: Namespace, port: number): Promise<number> => {
          const words = ['-tniH', 'state', 'established', '(', 'sport', `= :${port}`, 'or', 'dport', `= :${port}`, ')'];
          return Number(/\bmss:(\d+)/.exec(await space.run('ss', ...words))?.[1]);
        };
        // Less the 12 bytes of the timestamps.
        const expected = [CLAMPED.mss - 12, CLAMPED.mss - 12];
        const clamped = user('hold', at.stub, CLAMPED.port);
        await clamped.line('connects', (line) => (jsonLine(line, 'connected') ? true : undefined));
        expect([await sizeAt(network.user, CLAMPED.port), await sizeAt(network.corp, CLAMPED.port)]).toEqual(expected);
        const whole = user('hold', at.stub, BULK_PORT);
        await whole.line('connects', (line) => (jsonLine(line, 'connected') ? true : undefined));
        expect(await sizeAt(network.corp, BULK_PORT)).toBeGreaterThan(CLAMPED.mss);
        await endAll(
          () => clamped.stop(),
          () => whole.stop(),
        );
      });
    });

    test('tshark finds no wrong checksum in anything that went through, embedded packets included', async () => {
      await tcpdump.stop();
      expect(await faultyPackets(capture)).toEqual([]);
      const seen = await readFields(capture, ['ip.src', 'ipv6.src', 'icmp.type', 'icmpv6.type', 'ip.flags.mf']);
      const outside = FAMILIES.map(({ outside }) => outside as string);
      const ours = seen.filter((fields) => outside.includes(fields['ip.src'][0] ?? fields['ipv6.src'][0] ?? ''));
      expect(ours.length).toBeGreaterThan(100);
      const user = FAMILIES.map((at) => at.user as string);
      expect(
        seen.filter((fields) => [...fields['ip.src'], ...fields['ipv6.src']].some((a) => user.includes(a))),
      ).toEqual([]);
      for (const type of ['3', '11']) expect(seen.some((fields) => fields['icmp.type'].includes(type))).toBe(true);
      for (const type of ['1', '2', '3'])
        expect(seen.some((fields) => fields['icmpv6.type'].includes(type))).toBe(true);
      expect(seen.some((fields) => fields['ip.flags.mf'].includes('1') || fields['ip.flags.mf'].includes('True'))).toBe(
        true,
      );
    });

    test('the translator has not failed', async () => {
      await awaitCondition('the translator to run', () => network.translator.exit === null);
      expect(network.translator.stderr).toEqual([]);
    });
  },
);
