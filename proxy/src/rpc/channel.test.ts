import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { RpcChannel } from './channel.ts';

interface Calls {
  echo: { args: string; answer: string };
  fail: { args: null; answer: null };
  carry: { args: { bytes: Uint8Array; name: string }; answer: { bytes: Uint8Array; more: number } };
}

let folder: string;
let server: net.Server;
let peer: net.Socket;
let near: net.Socket;

/** Two ends of a Unix socket: `near` for the channel, `peer` for whoever speaks to it. */
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cw-rpc-'));
  server = net.createServer();
  const path = join(folder, 's');
  server.listen(path);
  await once(server, 'listening');
  peer = net.connect(path);
  peer.on('error', () => undefined);
  [near] = (await once(server, 'connection')) as [net.Socket];
});

afterEach(async () => {
  peer.destroy();
  near.destroy();
  server.close();
  await rm(folder, { recursive: true });
});

function framed(body: string | Buffer, length = Buffer.byteLength(body)): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(length);
  return Buffer.concat([head, Buffer.from(body)]);
}

describe('a channel', () => {
  test('calls and is called, in pieces of any size, and carries errors with their code', async () => {
    const far = new RpcChannel<object, Calls>(
      peer,
      {
        echo: (text) => text,
        fail: () => {
          throw new Error('no');
        },
      },
      () => undefined,
    );
    const channel = new RpcChannel<Calls, object>(near, {}, () => undefined);
    await expect(channel.call('echo', 'ü'.repeat(100_000))).resolves.toHaveLength(100_000);
    await expect(channel.call('fail', null)).rejects.toMatchObject({ code: 'CW_INTERNAL', message: 'no' });
    await expect(channel.call('echo', 'x')).resolves.toBe('x');
    far.destroy();
  });

  test('carries bytes beside the JSON, in both directions and between other messages', async () => {
    const far = new RpcChannel<object, Calls>(
      peer,
      {
        echo: (text) => text,
        carry: ({ bytes, name }) => ({ bytes: bytes.map((byte) => byte ^ 1), more: name.length }),
      },
      () => undefined,
    );
    const channel = new RpcChannel<Calls, object>(near, {}, () => undefined);
    const sizes = [0, 1, 5, 65_536, 300_001];
    const answers = await Promise.all(
      sizes.map(async (size) => {
        const bytes = Uint8Array.from({ length: size }, (_, i) => i * 7);
        const [carried, text] = await Promise.all([
          channel.call('carry', { bytes, name: 'n'.repeat(size % 9) }),
          channel.call('echo', 'x'),
        ]);
        expect(
          Buffer.compare(
            carried.bytes,
            bytes.map((byte) => byte ^ 1),
          ),
        ).toBe(0);
        return [carried.bytes.length, carried.more, text];
      }),
    );
    expect(answers).toEqual(sizes.map((size) => [size, size % 9, 'x']));
    far.destroy();
  });

  test.each([
    ['bytes behind no message', Buffer.from('80000006000000027b7d2121', 'hex')],
    ['bytes whose message is longer than the frame', Buffer.from('80000006000000ff7b7d2121', 'hex')],
    ['no JSON', framed('{"id":1,')],
    ['null', framed('null')],
    ['a number', framed('7')],
    ['no id', framed('{"call":"echo","args":""}')],
    ['a call that is no name', framed('{"id":1,"call":{"a":1}}')],
    ['an error that is none', framed('{"id":1,"error":null}')],
    ['nothing at all', framed('')],
    ['a length beyond the limit', framed('', 64 * 1024 * 1024 + 1)],
  ])('ends for %s, and the process goes on', async (_what, bytes) => {
    const onClose = vi.fn<() => void>();
    const channel = new RpcChannel<Calls, Calls>(near, { echo: (text) => text }, onClose);
    const call = channel.call('echo', 'waits');
    peer.resume();
    peer.write(bytes);
    await expect(call).rejects.toMatchObject({ code: 'CW_RPC_CLOSED' });
    expect(onClose).toHaveBeenCalledOnce();
    expect(channel.closed).toBe(true);
  });

  test('gives up a peer that does not read instead of keeping everything for it', async () => {
    const channel = new RpcChannel<Calls, object>(near, {}, () => undefined);
    peer.pause();
    const text = 'x'.repeat(16 * 1024 * 1024);
    const calls = Array.from({ length: 12 }, () => channel.call('echo', text).catch((error: unknown) => error));
    expect(near.writableLength).toBeLessThan(160 * 1024 * 1024);
    for (const error of await Promise.all(calls)) expect(error).toMatchObject({ code: 'CW_RPC_CLOSED' });
  });
});
