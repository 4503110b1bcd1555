import { describe, expect, test } from 'vitest';
import type { TunnelPeer } from '../../rpc/messages.ts';
import { KnownPeers } from './known-peers.ts';

const GRACE_MS = 1_000;
const publisher = (id: string): TunnelPeer => ({ kind: 'publisher', id, name: 'hq', apps: [] });
const device = (id: string, groups: readonly string[]): Extract<TunnelPeer, { kind: 'device' }> => ({
  kind: 'device',
  id,
  name: 'laptop',
  principal: {
    user: 'alice',
    displayName: 'Alice',
    groups: [...groups],
    method: 'agent',
    authenticatedAt: 0,
    session: `device:${id}`,
  },
});

function known() {
  let now = 0;
  return { peers: new KnownPeers(() => now), pass: (ms: number) => (now += ms) };
}

describe('peers that had a tunnel', () => {
  test('are known while they have it, and for the grace after it', () => {
    const { peers, pass } = known();
    expect(peers.recall('p1', GRACE_MS)).toBe(null);
    const left = peers.serve('p1', () => publisher('p1'));
    pass(10 * GRACE_MS);
    expect(peers.recall('p1', GRACE_MS)).toEqual(publisher('p1'));
    left();
    pass(GRACE_MS - 1);
    expect(peers.recall('p1', GRACE_MS)).toEqual(publisher('p1'));
    pass(1);
    expect(peers.recall('p1', GRACE_MS)).toBe(null);
  });

  test('with two tunnels are away when both have ended', () => {
    const { peers, pass } = known();
    const first = peers.serve('p1', () => publisher('p1'));
    const second = peers.serve('p1', () => publisher('p1'));
    first();
    first();
    pass(2 * GRACE_MS);
    expect(peers.recall('p1', GRACE_MS)).toEqual(publisher('p1'));
    second();
    pass(2 * GRACE_MS);
    expect(peers.recall('p1', GRACE_MS)).toBe(null);
  });

  test('that were revoked are not, also when their tunnel ends only then', () => {
    const { peers } = known();
    const left = peers.serve('p1', () => publisher('p1'));
    peers.serve('p2', () => publisher('p2'))();
    peers.forget(['p1', 'p2']);
    left();
    expect([peers.recall('p1', GRACE_MS), peers.recall('p2', GRACE_MS)]).toEqual([null, null]);
  });

  test('and are away are not after revocations were missed', () => {
    const { peers } = known();
    peers.serve('p1', () => publisher('p1'));
    peers.serve('p2', () => publisher('p2'))();
    peers.forgetAway();
    expect(peers.recall('p1', GRACE_MS)).toEqual(publisher('p1'));
    expect(peers.recall('p2', GRACE_MS)).toBe(null);
  });

  test('are known with the groups of their person as they are now', () => {
    const { peers } = known();
    let now = device('d1', ['sales']);
    const left = peers.serve('d1', () => now);
    now = device('d1', ['staff']);
    expect(peers.recall('d1', GRACE_MS)).toEqual(now);
    left();
    const { principal } = device('d1', []);
    peers.regrouped('d1', principal);
    expect(peers.recall('d1', GRACE_MS)).toEqual(device('d1', []));
  });

  test('are no more than so many', () => {
    const { peers } = known();
    for (let i = 0; i <= 20_000; i++) peers.serve(`p${i}`, () => publisher(`p${i}`))();
    expect(peers.recall('p0', GRACE_MS)).toBe(null);
    expect(peers.recall('p1', GRACE_MS)).toEqual(publisher('p1'));
    expect(peers.recall('p20000', GRACE_MS)).toEqual(publisher('p20000'));
  });
});
