import type { AcceptorMessage } from '@causeway/contract';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type JoinedTunnel, type JoinOptions, joinTunnel } from './join-tunnel.ts';
import { parseHostPort } from './host-port.ts';
import { FakePop, welcome } from './pop-fake.ts';
import { noLeaks } from './tunnel-pair.ts';

let pop: FakePop;
beforeEach(async () => {
  pop = await FakePop.start();
});
afterEach(async () => {
  await pop.close();
  await noLeaks();
});

async function join(options: Partial<JoinOptions> = {}): Promise<JoinedTunnel> {
  return joinTunnel({
    address: parseHostPort(pop.address),
    serverName: 'w0.tunnel.pop.test',
    transport: 'tls',
    identity: await pop.identity('p', 'publisher'),
    role: 'publisher',
    software: 'test/1',
    now: () => 7,
    onOpen: (request) => request.refuse('CW_OPEN_INVALID'),
    onMessage: () => {},
    onGoAway: () => {},
    ...options,
  });
}

it('says hello with its role and hands on what follows the welcome', async () => {
  const heard: AcceptorMessage[] = [];
  pop.onHello = () => [welcome(2), { t: 'drain', deadlineMs: 5 }];
  const { tunnel, welcome: answer, ended } = await join({ role: 'agent', onMessage: (message) => heard.push(message) });
  expect(answer.workers.length).toBe(2);
  expect(pop.tunnels[0]?.said).toEqual([{ t: 'hello', versions: [1, 2], role: 'agent', software: 'test/1', clock: 7 }]);
  await vi.waitFor(() => expect(heard).toEqual([{ t: 'drain', deadlineMs: 5 }]));
  tunnel.destroy();
  expect(await ended).toBeNull();
});

it('rejects with the code of a refusal, of silence that was given up, and of an end', async () => {
  pop.onHello = () => [{ t: 'refused', code: 'CW_CERT_REVOKED', message: 'gone' }];
  await expect(join()).rejects.toMatchObject({ code: 'CW_CERT_REVOKED', message: 'gone' });
  const stop = new AbortController();
  pop.onHello = () => {
    stop.abort(new Error('given up'));
    return [];
  };
  await expect(join({ signal: stop.signal })).rejects.toThrow('given up');
  pop.onHello = (tunnel) => {
    tunnel.kill();
    return [];
  };
  await expect(join()).rejects.toMatchObject({ code: 'CW_TUNNEL_CLOSED' });
});

it('ends when the PoP says what is no message', async () => {
  const { ended } = await join();
  pop.tunnels[0]?.send({ t: 'nonsense' } as never);
  expect((await ended)?.code).toBe('CW_MESSAGE_INVALID');
});
