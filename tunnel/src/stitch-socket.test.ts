import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { MuxStream } from './mux-stream.ts';
import { connectSharedRead } from './shared-read.ts';
import { stitchSocket } from './stitch-socket.ts';
import type { Stitched, StitchResult } from './stitch.ts';
import { collect, noLeaks, TunnelPair, writeAll } from './tunnel-pair.ts';

let pair: TunnelPair;
let server: Server;
let user: MuxStream;
/** The app's end of the TCP connection that the publisher made. */
let app: Socket;
let socket: Socket;
let results: StitchResult[];
let stitched: Stitched;

describe.each([
  { kind: 'a socket', open: connect },
  { kind: 'a socket that reads into the shared buffer', open: connectSharedRead },
])('$kind', ({ open }) => {
  beforeEach(async () => {
    pair = new TunnelPair();
    server = createServer({ allowHalfOpen: true });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const accepted = once(server, 'connection') as Promise<[Socket]>;
    socket = open({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true });
    await once(socket, 'connect');
    [app] = await accepted;
    app.on('error', () => {});
    const [ours, theirs] = await pair.open();
    user = ours;
    results = [];
    stitched = stitchSocket(theirs, socket, (result) => results.push(result));
  });
  afterEach(async () => {
    pair.destroy();
    app.destroy();
    socket.destroy();
    await new Promise((resolve) => server.close(resolve));
    await noLeaks();
  });

  it('carries both directions and each end', async () => {
    const up = randomBytes(3_000_000);
    const down = randomBytes(2_000_000);
    const pieces: Buffer[] = [];
    app.on('data', (bytes: Buffer) => pieces.push(bytes));
    writeAll(user, up);
    await once(app, 'end');
    expect(Buffer.concat(pieces).equals(up)).toBe(true);
    const atUser = collect(user);
    app.end(down);
    expect((await atUser).equals(down)).toBe(true);
    await vi.waitFor(() => expect(results).toEqual([{ up: 3_000_000, down: 2_000_000, error: null }]));
  });

  it('a reader that stops on either side stops the other', async () => {
    app.pause();
    writeAll(user, Buffer.alloc(60_000_000));
    user.onData = () => {};
    user.pause();
    app.write(Buffer.alloc(60_000_000));
    const settled = async (read: () => number): Promise<number> => {
      let last = -1;
      for (let same = 0; same < 5;) {
        await new Promise(setImmediate);
        same = read() === last ? same + 1 : 0;
        last = read();
      }
      return last;
    };
    expect(await settled(() => user.bytesOut)).toBeLessThan(30_000_000);
    expect(await settled(() => app.writableLength)).toBeGreaterThan(30_000_000);
    expect(socket.writableLength).toBeLessThan(1_000_000);
  });

  it('a reset right behind an end closes the socket, too', async () => {
    const closed = new Promise((resolve) => socket.once('close', resolve));
    app.resume();
    user.end();
    user.reset();
    await closed;
    await vi.waitFor(() => expect(results[0]?.error?.code).toBe('CW_STREAM_RESET'));
  });

  it('a reset stream resets the socket', async () => {
    const closed = new Promise((resolve) => app.once('close', resolve));
    app.resume();
    user.reset();
    await closed;
    await vi.waitFor(() => expect(results[0]?.error?.code).toBe('CW_STREAM_RESET'));
  });

  it('a stream that is reset while its FIN waits for the app still closes the socket', async () => {
    app.pause();
    writeAll(user, Buffer.alloc(8_000_000));
    // Not all of it fits: the FIN is on its way, or the data before it.
    await vi.waitFor(() => expect(socket.writableLength).toBeGreaterThan(0));
    socket.end();
    user.reset();
    await vi.waitFor(() => expect([results.length, socket.closed]).toEqual([1, true]));
  });

  it('a socket that breaks resets the stream', async () => {
    const closed = new Promise((resolve) => {
      user.onClose = (error) => resolve(error?.code);
    });
    app.resetAndDestroy();
    expect(await closed).toBe('CW_STREAM_RESET');
    expect(results.length).toBe(1);
  });

  it('cut() ends both', async () => {
    const closed = new Promise((resolve) => {
      user.onClose = (error) => resolve(error?.code);
    });
    stitched.cut();
    expect(await closed).toBe('CW_STREAM_RESET');
    await vi.waitFor(() => expect([results.length, socket.destroyed]).toEqual([1, true]));
  });
});
