import { expect, it } from 'vitest';
import { PacketComparison } from '../../test-support/compare-packets.ts';

const ROUNDS = 40_000;

it('does the same as the plain twin to random and damaged packets, and never more', () => {
  const comparison = new PacketComparison(20_261_122);
  for (let round = 0; round < ROUNDS; round++) comparison.round();
  // Otherwise nothing has been compared.
  const { parsed, rewritten, clamped, answered } = comparison.counts;
  expect(parsed).toBeGreaterThan(ROUNDS / 2);
  expect(rewritten).toBeGreaterThan(ROUNDS / 4);
  expect(clamped).toBeGreaterThan(ROUNDS / 200);
  expect(answered).toBeGreaterThan(ROUNDS / 10);
});
