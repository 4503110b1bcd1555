import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { findPeerUid, ownUserCheck, tableAddress } from './peer-user.ts';

const HEAD = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
const row = (local: string, remote: string, uid: number, inode: number): string =>
  `   0: ${local} ${remote} 01 00000000:00000000 00:00000000 00000000  ${uid}        0 ${inode} 1 0000000000000000 20\n`;

const client = { address: '127.0.0.1', port: 50_000 };
const server = { address: '127.0.0.1', port: 8_118 };
const CLIENT = '0100007F:C350';
const SERVER = '0100007F:1FB6';
const MAPPED = '0000000000000000FFFF0000';

describe('tableAddress', () => {
  it.each([
    ['127.0.0.1', 'tcp', true, '0100007F'],
    ['127.0.0.1', 'tcp', false, '7F000001'],
    ['127.0.0.1', 'tcp6', true, `${MAPPED}0100007F`],
    ['::1', 'tcp6', true, '00000000000000000000000001000000'],
    ['::1', 'tcp', true, null],
    ['::ffff:127.0.0.1', 'tcp', true, '0100007F'],
    ['nonsense', 'tcp', true, null],
  ] as const)('%s in %s, little endian %s', (address, family, littleEndian, text) => {
    expect(tableAddress(address, family, littleEndian)).toBe(text);
  });
});

describe('findPeerUid', () => {
  it.each([
    ['the row of the client’s end', HEAD + row(SERVER, CLIENT, 0, 7) + row(CLIENT, SERVER, 1000, 8), '', 1000],
    ['only the server’s own end', HEAD + row(SERVER, CLIENT, 1000, 7), '', null],
    ['another port', HEAD + row('0100007F:C351', SERVER, 1000, 8), '', null],
    ['another target', HEAD + row(CLIENT, '0100007F:1FB7', 1000, 8), '', null],
    ['a socket that nobody holds any more', HEAD + row(CLIENT, SERVER, 0, 0), '', null],
    ['an IPv6 socket with a mapped address', HEAD, HEAD + row(MAPPED + CLIENT, MAPPED + SERVER, 1001, 9), 1001],
    ['nothing', '', '', null],
    ['garbage', 'a b c d e f g h i j k\n', '\n\n', null],
  ])('%s', (_, tcp, tcp6, uid) => {
    expect(findPeerUid({ tcp, tcp6 }, client, server, true)).toBe(uid);
  });
});

describe('ownUserCheck', () => {
  it('refuses systems that do not tell', () => {
    expect(() => ownUserCheck('darwin')).toThrow(/unsupported platform darwin/);
  });

  it.runIf(process.platform === 'linux')('knows its own connections', async () => {
    const listener = createServer();
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    const socket = connect((listener.address() as AddressInfo).port, '127.0.0.1');
    const [accepted] = (await once(listener, 'connection')) as [Socket];
    const check = ownUserCheck();
    const here = { address: accepted.localAddress ?? '', port: accepted.localPort ?? 0 };
    expect(await check({ address: accepted.remoteAddress ?? '', port: accepted.remotePort ?? 0 }, here)).toBe(true);
    expect(await check({ address: '127.0.0.1', port: 1 }, here)).toBe(false);
    socket.destroy();
    accepted.destroy();
    listener.close();
  });
});
