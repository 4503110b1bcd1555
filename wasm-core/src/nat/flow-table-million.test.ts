import { describe, expect, it } from 'vitest';
import { natDifferential } from '../../fixtures/nat-differential.ts';
import { FlowTable } from './flow-table.ts';
import { FLOW_LIMITS } from './flow.ts';

describe('FlowTable', () => {
  it('holds a million IPv4 flows in less than 96 MB', () => {
    expect(new FlowTable({ family: 4, capacity: FLOW_LIMITS.flows, seed: 1n }).memoryBytes).toBeLessThan(96e6);
  });

  it('and the reference answer a million random operations alike', { timeout: 120_000 }, () => {
    expect(() => natDifferential(4, 600_000, 20_261_122)).not.toThrow();
    expect(() => natDifferential(6, 400_000, 5)).not.toThrow();
  });
});
