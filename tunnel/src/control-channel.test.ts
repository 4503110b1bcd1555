import { CausewayError, LIMITS } from '@causeway/contract';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ControlChannel } from './control-channel.ts';
import type { MuxStream } from './mux-stream.ts';
import { noLeaks, TunnelPair } from './tunnel-pair.ts';

let pair: TunnelPair;
let raw: MuxStream;
let theirs: MuxStream;
beforeEach(async () => {
  pair = new TunnelPair();
  [raw, theirs] = await pair.open();
});
afterEach(async () => {
  pair.destroy();
  await noLeaks();
});

interface Note {
  readonly note: string;
}

function check(value: unknown): Note {
  if (typeof value === 'object' && value !== null && 'note' in value && typeof value.note === 'string') {
    return { note: value.note };
  }
  throw new CausewayError('CW_MESSAGE_INVALID', 'no note');
}

class End {
  readonly got: string[] = [];
  readonly ends: (string | null)[] = [];
  readonly channel: ControlChannel<Note, Note>;
  constructor(stream: MuxStream) {
    this.channel = new ControlChannel<Note, Note>(
      stream,
      check,
      ({ note }) => this.got.push(note),
      (error) => this.ends.push(error === null ? null : error.code),
    );
  }
}

it('brings messages in order, of any size up to the limit, and ends on both sides', async () => {
  const a = new End(raw);
  const b = new End(theirs);
  const long = 'ä'.repeat(LIMITS.controlMessageBytes / 2 - 100);
  for (const note of ['one', '', long, 'two']) a.channel.send({ note });
  b.channel.send({ note: 'back' });
  await vi.waitFor(() => expect(b.got).toEqual(['one', '', long, 'two']));
  await vi.waitFor(() => expect(a.got).toEqual(['back']));
  expect(() => a.channel.send({ note: long + long })).toThrow(expect.objectContaining({ code: 'CW_MESSAGE_INVALID' }));
  a.channel.close();
  a.channel.close();
  await vi.waitFor(() => expect([a.ends, b.ends]).toEqual([[null], [null]]));
  await vi.waitFor(() => expect([pair.client.streams, pair.server.streams]).toEqual([0, 0]));
});

it('takes a message byte by byte', async () => {
  const b = new End(theirs);
  for (const byte of Buffer.from('\0\0\0\x0f{"note":"slow"}', 'latin1')) raw.write(Uint8Array.of(byte));
  await vi.waitFor(() => expect(b.got).toEqual(['slow']));
});

it.each([
  ['a length beyond the limit, before a byte of it came', Buffer.from([0x7f, 0xff, 0xff, 0xff])],
  ['an empty message', Buffer.from([0, 0, 0, 0])],
  ['what is not JSON', Buffer.from('\0\0\0\x03abc', 'latin1')],
  ['what is not UTF-8', Buffer.from('\0\0\0\x03"\xff"', 'latin1')],
  ['what the check does not know', Buffer.from('\0\0\0\x02{}', 'latin1')],
])('ends for %s', async (_name, bytes) => {
  const b = new End(theirs);
  raw.write(bytes);
  await vi.waitFor(() => expect(b.ends).toEqual(['CW_MESSAGE_INVALID']));
  expect(b.got).toEqual([]);
});

it('ends when the other side never reads', async () => {
  const a = new End(raw);
  theirs.pause();
  for (let i = 0; i < 10; i += 1) a.channel.send({ note: 'x'.repeat(1_000_000) });
  await vi.waitFor(() => expect(a.ends).toEqual(['CW_BUSY']));
});

it('tells when the tunnel ends', async () => {
  const b = new End(theirs);
  pair.client.destroy();
  await vi.waitFor(() => expect(b.ends).toEqual(['CW_TUNNEL_CLOSED']));
});

it('ends a flood of messages, and one of nested brackets', async () => {
  const a = new End(raw);
  const b = new End(theirs);
  for (let i = 0; i < 1_000; i += 1) a.channel.send({ note: 'x' });
  await vi.waitFor(() => expect(b.ends).toEqual(['CW_MUX_FLOOD']));
  expect(b.got.length).toBeLessThan(600);
  const [next, other] = await pair.open();
  const c = new End(other);
  const text = Buffer.alloc(500_000, '[');
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  next.write(Buffer.concat([length, text]));
  await vi.waitFor(() => expect(c.ends).toEqual(['CW_MESSAGE_INVALID']));
});
