import { createServer, Socket, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { connectErrorCode, connectInTurn } from './connect-in-turn.ts';

const sockets: Socket[] = [];
const server = createServer((socket) => void sockets.push(socket));

/** Never connects. */
const hangs = (): Socket => {
  const socket = new Socket();
  sockets.push(socket);
  return socket;
};

const signal = new AbortController().signal;

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  server.close();
});

describe('connectInTurn', () => {
  it('goes on to the next address when one refuses or is silent, and leaves nothing behind', async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const targets = ['127.0.0.9', '127.0.0.8', '127.0.0.1'].map((address) => ({ address, port }));
    const silent = hangs();
    const socket = await connectInTurn(targets, {
      budgetMs: 600,
      signal,
      connect: ({ address }) => (address === '127.0.0.8' ? silent : new Socket().connect({ host: address, port })),
    });
    sockets.push(socket);
    expect(socket.remoteAddress).toBe('127.0.0.1');
    expect(silent.destroyed).toBe(true);
  });

  it('says that the app did not answer in time', async () => {
    const targets = [{ address: '10.0.0.1', port: 80 }];
    await expect(connectInTurn(targets, { budgetMs: 20, signal, connect: hangs })).rejects.toMatchObject({
      code: 'CW_APP_TIMEOUT',
    });
    expect(sockets.every(({ destroyed }) => destroyed)).toBe(true);
  });

  it('stops when the opener gives up', async () => {
    const abort = new AbortController();
    const targets = [{ address: '10.0.0.1', port: 80 }];
    const connecting = connectInTurn(targets, { budgetMs: 60_000, signal: abort.signal, connect: hangs });
    abort.abort(new Error('gave up'));
    await expect(connecting).rejects.toThrow('gave up');
    expect(sockets.every(({ destroyed }) => destroyed)).toBe(true);
  });
});

describe('connectErrorCode', () => {
  it.each([
    ['ECONNREFUSED', 'CW_APP_REFUSED'],
    ['ETIMEDOUT', 'CW_APP_TIMEOUT'],
    ['EHOSTUNREACH', 'CW_APP_UNREACHABLE'],
    ['ENETUNREACH', 'CW_APP_UNREACHABLE'],
    ['EMFILE', 'CW_BUSY'],
    [undefined, 'CW_APP_UNREACHABLE'],
  ])('%s is %s', (system, code) => {
    expect(connectErrorCode(system)).toBe(code);
  });
});
