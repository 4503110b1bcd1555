import { randomBytes } from 'node:crypto';
import { CausewayError } from '@causeway/contract';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { windowBudget } from './mux-limits.ts';
import type { MuxStream } from './mux-stream.ts';
import { stitch, type StitchResult, type Stitched } from './stitch.ts';
import { collect, noLeaks, TunnelPair, writeAll } from './tunnel-pair.ts';

/** Windows that do not grow, so that what is in flight can be told exactly. */
const WINDOW = 256 * 1024;

/** user ── left tunnel ── (stitched here) ── right tunnel ── app */
let left: TunnelPair;
let right: TunnelPair;
let user: MuxStream;
let app: MuxStream;
let middle: [MuxStream, MuxStream];
let stitched: Stitched;
let results: StitchResult[];

beforeEach(async () => {
  left = new TunnelPair({ maxWindowBytes: WINDOW });
  right = new TunnelPair({ maxWindowBytes: WINDOW });
  const [ours, theirs] = await left.open();
  const [near, far] = await right.open();
  user = ours;
  app = far;
  middle = [theirs, near];
  results = [];
  stitched = stitch(theirs, near, (result) => results.push(result));
});
afterEach(async () => {
  left.destroy();
  right.destroy();
  await noLeaks();
});

it('carries both directions, each ending on its own', async () => {
  const up = randomBytes(2_000_000);
  const down = randomBytes(1_000_000);
  const atApp = collect(app);
  writeAll(user, up);
  expect((await atApp).equals(up)).toBe(true);
  const atUser = collect(user);
  writeAll(app, down);
  expect((await atUser).equals(down)).toBe(true);
  await vi.waitFor(() => expect(results).toEqual([{ up: 2_000_000, down: 1_000_000, error: null }]));
});

it('a reader that stops stops the writer, and nothing is kept beyond the windows', async () => {
  const total = 20_000_000;
  let got = 0;
  app.onData = (bytes) => (got += bytes.length);
  app.pause();
  writeAll(user, Buffer.alloc(total));
  const before = user.bytesOut;
  await vi.waitFor(() => expect(user.bytesOut).toBeGreaterThan(before));
  // Until nothing moves any more: the same three times in a row.
  let last = -1;
  for (let same = 0; same < 3;) {
    await new Promise(setImmediate);
    same = user.bytesOut === last ? same + 1 : 0;
    last = user.bytesOut;
  }
  // One window at the app, one at the stitch, and the piece in between.
  expect(user.bytesOut).toBeLessThanOrEqual(3 * WINDOW);
  expect(windowBudget.heldBytes).toBeLessThanOrEqual(2 * WINDOW);
  expect(middle[1].pendingBytes).toBeLessThanOrEqual(64 * 1024);
  app.resume();
  await vi.waitFor(() => expect(got).toBe(total));
});

it.each(['user', 'app'] as const)('a reset of the %s resets the other side', async (who) => {
  const [one, other] = who === 'user' ? [user, app] : [app, user];
  const closed = new Promise((resolve) => {
    other.onClose = (error) => resolve(error?.code);
  });
  one.reset();
  expect(await closed).toBe('CW_STREAM_RESET');
  expect(results[0]?.error?.code).toBe('CW_STREAM_RESET');
});

it('a tunnel that ends resets the other side', async () => {
  const closed = new Promise((resolve) => {
    user.onClose = (error) => resolve(error?.code);
  });
  right.server.destroy();
  expect(await closed).toBe('CW_STREAM_RESET');
  expect(results[0]?.error?.code).toBe('CW_TUNNEL_CLOSED');
});

it('cut() ends both at once, also when a side is paused and full', async () => {
  app.onData = () => {};
  app.pause();
  writeAll(user, Buffer.alloc(5_000_000));
  const codes: (string | undefined)[] = [];
  user.onClose = (error) => codes.push(error?.code);
  app.onClose = (error) => codes.push(error?.code);
  await vi.waitFor(() => expect(windowBudget.heldBytes).toBeGreaterThan(0));
  stitched.cut(new CausewayError('CW_ACCESS_ENDED'));
  stitched.cut();
  expect(results.map(({ error }) => error?.code)).toEqual(['CW_ACCESS_ENDED']);
  await vi.waitFor(() => expect(codes).toEqual(['CW_STREAM_RESET', 'CW_STREAM_RESET']));
});
