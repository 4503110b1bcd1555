import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { awaitCondition } from '../harness/await-condition.ts';
import { Program, ROOT } from '../harness/program.ts';
import { addNamespace, connect, removeNamespace, removeStaleNamespaces, type Namespace } from './namespaces.ts';

/**
 * `node test/lab/write-capture.ts [FILE [tcpdump's words …]]`, as root: makes the capture of the examples, which is
 * `wasm-core/examples/browsing.pcap` unless another file is named. Real programs talk in two namespaces, and tcpdump
 * listens on all devices of one of them.
 *
 *     user 10.215.1.2, fd00:215:1::2 ---- net: 10.215.1.1 … ---- 10.215.2.2 web, 10.215.2.53 names: corp
 */
const USER = ['10.215.1.2/24', 'fd00:215:1::2/64'];
const GATE = ['10.215.1.1/24', 'fd00:215:1::1/64'];
const GATE_FOR_CORP = ['10.215.2.1/24', 'fd00:215:2::1/64'];
const CORP = ['10.215.2.2/24', '10.215.2.53/24', 'fd00:215:2::2/64'];

/** A name server that knows one name, a web server, and a port that takes datagrams and says nothing. */
const SERVE = `
const { createSocket } = require('node:dgram');
const { createServer } = require('node:http');
const ADDRESSES = { 1: [10, 215, 2, 2], 28: [0xfd, 0, 2, 0x15, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2] };
const names = createSocket('udp4');
names.on('message', (query, from) => {
  let end = 12;
  while (query[end] !== 0) end += query[end] + 1;
  const question = query.subarray(12, end + 5);
  const type = query.readUInt16BE(end + 1);
  const address = ADDRESSES[type] ?? [];
  const head = Buffer.from([query[0], query[1], 0x81, 0x80, 0, 1, 0, address.length ? 1 : 0, 0, 0, 0, 0]);
  const answer = [0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, 0, address.length, ...address];
  names.send(Buffer.concat([head, question, Buffer.from(address.length ? answer : [])]), from.port, from.address);
});
const page = '<h1>Intranet</h1>'.repeat(200);
const web = createServer((request, response) => response.setHeader('connection', 'close').end(page));
const sink = createSocket('udp4');
names.bind(53, '10.215.2.53', () => sink.bind(9000, '10.215.2.2', () => web.listen(80, '::', () => console.log('serving'))));
`;

/** What a person and their programs do; the page is asked for by name, the port 9999 is closed. */
const BROWSE = `
const { Resolver } = require('node:dns').promises;
const { createSocket } = require('node:dgram');
const { get } = require('node:http');
const page = (host, family) => new Promise((resolve, reject) => {
  get({ host, family, headers: { host: 'intranet.example' } }, (answer) => answer.resume().on('end', resolve)).on('error', reject);
});
const datagram = (port, size) => new Promise((resolve) => {
  const socket = createSocket('udp4');
  socket.on('error', () => socket.close(resolve));
  socket.connect(port, '10.215.2.2', () => socket.send(Buffer.alloc(size, 'x'), () => size > 1500 && socket.close(resolve)));
});
(async () => {
  const resolver = new Resolver();
  resolver.setServers(['10.215.2.53']);
  const [v4] = await resolver.resolve4('intranet.example');
  const [v6] = await resolver.resolve6('intranet.example');
  await page(v4);
  await page(v6);
  await datagram(9000, 4000);
  await datagram(9999, 20);
})();
`;

const file = process.argv[2] ?? join(ROOT, 'wasm-core', 'examples', 'browsing.pcap');
const listening = process.argv[3] === undefined ? ['-i', 'any'] : process.argv.slice(3);

async function inNamespaces(work: (user: Namespace, corp: Namespace) => Promise<void>): Promise<void> {
  await removeStaleNamespaces();
  const made: Namespace[] = [];
  try {
    for (const role of ['user', 'gate', 'corp']) made.push(await addNamespace(role));
    const [user, gate, corp] = made;
    if (user === undefined || gate === undefined || corp === undefined) throw new Error('there are no namespaces');
    const ends = [
      [gate, 'to-user', GATE, user, 'to-gate', USER],
      [gate, 'to-corp', GATE_FOR_CORP, corp, 'to-gate', CORP],
    ] as const;
    for (const [near, nearDevice, [nearFirst = '', ...nearRest], far, farDevice, [farFirst = '', ...farRest]] of ends) {
      const a = { space: near, device: nearDevice, address: nearFirst };
      await connect(a, { space: far, device: farDevice, address: farFirst }, 1500);
      for (const more of nearRest) await near.run('ip', 'address', 'add', more, 'dev', nearDevice, 'nodad');
      for (const more of farRest)
        await far.run('ip', 'address', 'add', more, 'dev', farDevice, ...(more.includes(':') ? ['nodad'] : []));
    }
    await gate.run('sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1');
    for (const [space, via4 = '', via6 = ''] of [
      [user, ...GATE],
      [corp, ...GATE_FOR_CORP],
    ] as const) {
      await space.run('ip', 'route', 'add', 'default', 'via', via4.split('/')[0] ?? '');
      await space.run('ip', '-6', 'route', 'add', 'default', 'via', via6.split('/')[0] ?? '');
    }
    await work(user, corp);
  } finally {
    for (const space of made.toReversed()) await removeNamespace(space.name);
  }
}

await inNamespaces(async (user, corp) => {
  const start = (name: string, space: Namespace, ...args: string[]): Program =>
    new Program({ name, command: 'ip', args: [...space.exec.slice(1), ...args] });
  const server = start('server', corp, process.execPath, '-e', SERVE);
  await server.line('serves', (line) => (line === 'serving' ? true : undefined));
  // Before that its devices still look for others with their addresses.
  await awaitCondition('IPv6 to lead to corp', () => user.run('ping', '-c', '1', '-W', '1', 'fd00:215:2::2'));
  const folder = mkdtempSync(join(tmpdir(), 'causeway-capture-'));
  const capture = join(folder, 'user.pcap');
  const tcpdump = start(
    'tcpdump',
    user,
    'tcpdump',
    '-U',
    '--immediate-mode',
    '-n',
    '-Z',
    'root',
    '-w',
    capture,
    ...listening,
  );
  await tcpdump.line('listens', (line) => (line.includes('listening on') ? true : undefined));
  await user.run(process.execPath, '-e', BROWSE);
  for (const target of ['10.215.2.2', 'fd00:215:2::2']) await user.run('ping', '-n', '-c', '2', '-i', '0.2', target);
  await user.run('ping', '-n', '-c', '1', '-t', '1', '-W', '1', '10.215.2.2').catch(() => 'the gate said no');
  await tcpdump.stop();
  await server.stop();
  writeFileSync(file, readFileSync(capture));
  rmSync(folder, { recursive: true });
});
