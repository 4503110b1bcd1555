import { expect, it } from 'vitest';
import { PacketComparison } from '../../test-support/compare-packets.ts';

const ROUNDS = 55_000;

it('does the same as the plain twin in a million operations, and never more', { timeout: 60_000 }, () => {
  const comparison = new PacketComparison(20_261_122);
  for (let round = 0; round < ROUNDS; round++) comparison.round();
  // Otherwise nothing has been compared.
  expect(comparison.counts.operations).toBeGreaterThan(1_000_000);
  const { parsed, rewritten, clamped, answered } = comparison.counts;
  expect(parsed).toBeGreaterThan(ROUNDS / 2);
  expect(rewritten).toBeGreaterThan(ROUNDS / 4);
  expect(clamped).toBeGreaterThan(ROUNDS / 200);
  expect(answered).toBeGreaterThan(ROUNDS / 10);
});
