import { describe, expect, test, vi } from 'vitest';
import { LiveStreams, type LiveStream } from './live-streams.ts';

function streamOf(session: string, allowed = true, ended = false) {
  const cut = vi.fn<LiveStream['cut']>();
  const stream: LiveStream = {
    session,
    kind: 'request',
    decision: 'd',
    user: null,
    appName: null,
    ended,
    graceMs: 1_000,
    allowed: () => allowed,
    cut,
  };
  return { stream, cut };
}

describe('LiveStreams', () => {
  test('cuts a session’s streams, once each, and no other', async () => {
    const onCut = vi.fn<(stream: LiveStream, why: string) => void>();
    const live = new LiveStreams(onCut);
    const [a, b, c] = [streamOf('1'), streamOf('1'), streamOf('2')];
    for (const { stream } of [a, b, c]) live.add(stream);
    expect(await live.cutSessions(['1', 'unknown'], 'why')).toBe(2);
    expect(a.cut).toHaveBeenCalledExactlyOnceWith('CW_ACCESS_ENDED', 'why');
    expect(b.cut).toHaveBeenCalledOnce();
    expect(c.cut).not.toHaveBeenCalled();
    expect(live.size).toBe(1);
    live.remove(a.stream);
    expect(live.size).toBe(1);
    expect(onCut).toHaveBeenCalledTimes(2);
  });

  test('cuts at once what opens after its access has ended', async () => {
    const live = new LiveStreams(() => undefined);
    const late = streamOf('1', true, true);
    live.add(late.stream);
    expect(late.cut).not.toHaveBeenCalled(); // its engine is not done with it
    await Promise.resolve();
    expect(late.cut).toHaveBeenCalledExactlyOnceWith('CW_ACCESS_ENDED', 'access ended as it opened');
    expect(live.size).toBe(0);
  });

  test('decides again and keeps what is still allowed', async () => {
    const live = new LiveStreams(() => undefined);
    const kept = streamOf('1');
    const ended = streamOf('1', false);
    live.add(kept.stream);
    live.add(ended.stream);
    expect(await live.decideAgain('policy')).toBe(1);
    expect(ended.cut).toHaveBeenCalledOnce();
    expect(kept.cut).not.toHaveBeenCalled();
  });

  test('decides again for some sessions only', async () => {
    const live = new LiveStreams(() => undefined);
    const [a, b, c] = [streamOf('1', false), streamOf('2', false), streamOf('3', false)];
    for (const { stream } of [a, b, c]) live.add(stream);
    expect(await live.decideAgain('groups', ['1', '3', 'unknown'])).toBe(2);
    expect(b.cut).not.toHaveBeenCalled();
  });

  test('gives the loop its turn between slices, and spares what ended meanwhile', async () => {
    const live = new LiveStreams(() => undefined);
    const streams = Array.from({ length: 1_200 }, (_, i) => streamOf(`s${i}`));
    for (const { stream, cut } of streams) {
      live.add(stream);
      // A slice is a time, so each cut takes some.
      cut.mockImplementation(() => {
        for (const until = performance.now() + 0.02; performance.now() < until;);
      });
    }
    const last = streams.at(-1);
    let turns = 0;
    const immediate = (): void => {
      turns++;
      if (last !== undefined) live.remove(last.stream);
      if (live.size > 0) setImmediate(immediate);
    };
    setImmediate(immediate);
    expect(await live.cutUnlessHeld(() => false, 'why')).toBe(1_199);
    expect(turns).toBeGreaterThanOrEqual(2);
    expect(last?.cut).not.toHaveBeenCalled();
    expect(live.size).toBe(0);
  });
});
