import { expect, it } from 'vitest';
import { ScanComparison } from '../../test-support/compare-scanners.ts';

const BYTES = 1_000_000;

/** Longer: `node wasm-core/soak.ts scan`. */
it('finds what the reference and what indexOf and RegExp find, in a million bytes each, cut anywhere', () => {
  const comparison = new ScanComparison(20_261_122);
  const { counts } = comparison;
  while (Math.min(counts.literals, counts.digits, counts.classes) < BYTES) comparison.round();
  expect(Math.min(...Object.values(counts))).toBeGreaterThanOrEqual(BYTES);
}, 60_000);
