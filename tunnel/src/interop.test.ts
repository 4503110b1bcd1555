import { createHash, randomBytes } from 'node:crypto';
import { yamux } from '@chainsafe/libp2p-yamux';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MuxSession } from './mux-session.ts';
import type { MuxStream } from './mux-stream.ts';
import { collect, noLeaks, writeAll } from './tunnel-pair.ts';

type Muxer = ReturnType<ReturnType<ReturnType<typeof yamux>>['createStreamMuxer']>;
type PeerStream = Muxer['streams'][number];
type Connection = Parameters<ReturnType<ReturnType<typeof yamux>>['createStreamMuxer']>[0];
interface Bytes {
  subarray(): Uint8Array;
}

/** As much of a libp2p connection as its muxer uses. Bytes cross in a later turn, as on a network. */
class Wire extends EventTarget {
  readonly direction: 'inbound' | 'outbound';
  readonly log = Object.assign(() => {}, { trace: () => {}, error: () => {}, newScope: () => this.log });
  readonly #receive: (bytes: Uint8Array) => void;

  constructor(direction: 'inbound' | 'outbound', receive: (bytes: Uint8Array) => void) {
    super();
    this.direction = direction;
    this.#receive = receive;
  }

  send(list: Bytes): boolean {
    const bytes = list.subarray().slice();
    setImmediate(() => this.#receive(bytes));
    return true;
  }

  deliver(chunks: Uint8Array[]): void {
    const data = Buffer.concat(chunks);
    setImmediate(() => this.dispatchEvent(Object.assign(new Event('message'), { data })));
  }

  abort(): void {}
}

function peerCollect(stream: PeerStream): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  return new Promise((resolve) => {
    stream.addEventListener('remoteCloseWrite', () => setImmediate(() => resolve(Buffer.concat(pieces))));
    stream.addEventListener('message', (event) => pieces.push((event.data as Bytes).subarray().slice()));
  });
}

async function peerWrite(stream: PeerStream, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; at += 100_000) {
    if (!stream.send(bytes.subarray(at, at + 100_000))) await stream.onDrain();
  }
  await stream.close();
}

const sum = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe.each([
  ['client', 'inbound'],
  ['server', 'outbound'],
] as const)('as %s of an independent yamux', (role, direction) => {
  let session: MuxSession;
  let peer: Muxer;
  let accepted: MuxStream[];
  let ends: (string | null)[];

  beforeEach(() => {
    accepted = [];
    const log: (string | null)[] = [];
    ends = log;
    // A constant: what the peer sends last comes after the next test has begun.
    const wire = new Wire(direction, (bytes) => ours.receive(bytes));
    const ours = new MuxSession({
      role,
      now: () => performance.now(),
      output: (chunks) => {
        wire.deliver(chunks);
        return true;
      },
      onStream: (stream) => accepted.push(stream),
      onClosed: (error) => log.push(error?.code ?? null),
      schedule: (run) => process.nextTick(run),
    });
    session = ours;
    peer = yamux({ enableKeepAlive: true, keepAliveInterval: 50 })().createStreamMuxer(wire as unknown as Connection);
  });
  afterEach(async () => {
    const early = [...ends];
    session.close();
    peer.abort(new Error('the test is over'));
    await noLeaks();
    if (early.length > 0) throw new Error(`the session ended with ${early.join()}`);
  });

  /** The peer's side of a stream that we open. */
  async function open(): Promise<[MuxStream, PeerStream]> {
    const arrived = new Promise<PeerStream>((resolve) =>
      peer.addEventListener('stream', (event) => resolve(event.detail), { once: true }),
    );
    return [session.open(), await arrived];
  }

  async function accept(): Promise<[MuxStream, PeerStream]> {
    const count = accepted.length;
    const theirs = await peer.createStream();
    await vi.waitFor(() => expect(accepted.length).toBe(count + 1));
    return [accepted[count] as MuxStream, theirs];
  }

  it.each([
    ['we opened', open],
    ['it opened', accept],
  ])('bulk both ways on a stream that %s, each side ending on its own', async (_who, make) => {
    const [ours, theirs] = await make();
    const up = randomBytes(5_000_000);
    const down = randomBytes(5_000_000);
    const atPeer = peerCollect(theirs);
    writeAll(ours, up);
    expect(sum(await atPeer)).toBe(sum(up));
    const atUs = collect(ours);
    await peerWrite(theirs, down);
    expect(sum(await atUs)).toBe(sum(down));
    await vi.waitFor(() => expect(session.streams).toBe(0));
  });

  it('holds back a peer whose reader is paused, and then brings everything', async () => {
    const [ours, theirs] = await open();
    let got = 0;
    ours.onData = (bytes) => (got += bytes.length);
    ours.pause();
    const written = peerWrite(theirs, new Uint8Array(2_000_000));
    for (let i = 0; i < 50; i += 1) await new Promise(setImmediate);
    expect(got).toBe(0);
    ours.resume();
    await written;
    await vi.waitFor(() => expect(got).toBe(2_000_000));
  });

  it('resets both ways', async () => {
    const [ours, theirs] = await open();
    const closed = new Promise((resolve) => theirs.addEventListener('close', resolve, { once: true }));
    ours.reset();
    await closed;
    expect(theirs.status).toBe('reset');
    const [second, other] = await accept();
    const code = new Promise((resolve) => (second.onClose = (error) => resolve(error?.code)));
    other.abort(new Error('enough'));
    expect(await code).toBe('CW_STREAM_RESET');
  });

  it('many streams at once', async () => {
    peer.addEventListener('stream', (event) => {
      const stream = event.detail;
      void peerCollect(stream).then((bytes) => peerWrite(stream, bytes));
    });
    const bodies = Array.from({ length: 200 }, (_, i) => randomBytes(1 + i * 37));
    const backs = bodies.map((body) => {
      const stream = session.open();
      const back = collect(stream);
      writeAll(stream, body);
      return back;
    });
    for (const [i, back] of backs.entries()) expect(sum(await back)).toBe(sum(bodies[i] as Buffer));
    await vi.waitFor(() => expect(session.streams).toBe(0));
  });

  it('pings are answered in both directions', async () => {
    expect(await peer.ping()).toBeGreaterThanOrEqual(0);
    session.measureRtt();
    await vi.waitFor(() => expect(session.rttMs).not.toBeNull());
  });

  it('its go-away is understood', async () => {
    await peer.close();
    await vi.waitFor(() => expect(() => session.open()).toThrow(expect.objectContaining({ code: 'CW_TUNNEL_CLOSED' })));
  });
});
