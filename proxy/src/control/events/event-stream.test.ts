import { describe, expect, it } from 'vitest';
import type { Follower } from './event-feed.ts';
import { eventStream, type StillPermitted } from './event-stream.ts';

/** Has nothing to tell. */
const silent: Follower = {
  place: () => 7,
  next: (signal) =>
    new Promise((resolve) => {
      signal.addEventListener('abort', () => resolve(null), { once: true });
    }),
  close: () => undefined,
};

async function textUntilEnd(answer: StillPermitted): Promise<string> {
  const stream = eventStream({
    follower: silent,
    stillPermitted: async () => answer,
    timing: { checkMs: 5, heartbeatMs: 60_000, stuckMs: 60_000 },
  });
  return new Response(stream).text();
}

describe('a stream of events', () => {
  it('says that permission has ended, so that nobody comes back', async () => {
    expect(await textUntilEnd('no')).toBe(
      'retry: 2000\n: here\nid: 7\n\nevent: end\ndata: {"code":"CW_FORBIDDEN"}\n\n',
    );
  });

  it('only ends where nobody can see whether it has, so that whoever follows comes back', async () => {
    expect(await textUntilEnd('unknown')).toBe('retry: 2000\n: here\nid: 7\n\n');
  });
});
