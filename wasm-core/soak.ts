/**
 * The comparisons of the tests for as long as one likes: `node wasm-core/soak.ts packets 1000000 [SEED]`. Prints the
 * seed, so that a round that fails can be run again.
 */
import { FramesComparison } from './fixtures/frames-differential.ts';
import { LpmComparison } from './fixtures/lpm-differential.ts';
import { natDifferential } from './fixtures/nat-differential.ts';
import { policyDifferential } from './fixtures/policy-differential.ts';
import { judgeFlowTable } from './test-support/nat-judgement.ts';
import { FlowTable } from './src/nat/flow-table.ts';
import { StubsComparison } from './fixtures/stubs-differential.ts';
import { PacketComparison } from './test-support/compare-packets.ts';
import { ScanComparison } from './test-support/compare-scanners.ts';

/** What runs round after round, and throws where two implementations differ. */
interface Comparison {
  round(): void;
  readonly counts: object;
}

/** A round is 10,000 operations on a pair of fresh tables and 10,000 judged ones, IPv4 and IPv6 in turn. */
class NatComparison implements Comparison {
  readonly counts = { operations: 0 };
  #seed: number;

  constructor(seed: number) {
    this.#seed = seed;
  }

  round(): void {
    const family = this.#seed % 2 === 0 ? 4 : 6;
    natDifferential(family, 10_000, this.#seed);
    judgeFlowTable(FlowTable, family, 10_000, this.#seed++);
    this.counts.operations += 20_000;
  }
}

/** A round is one random policy, 40 people and 40 flows. */
class PolicyComparison implements Comparison {
  readonly counts = { decisions: 0 };
  #seed: number;

  constructor(seed: number) {
    this.#seed = seed;
  }

  round(): void {
    this.counts.decisions += policyDifferential(40, this.#seed++);
  }
}

const COMPARISONS: Readonly<Record<string, (seed: number) => Comparison>> = {
  frames: (seed) => new FramesComparison(seed),
  lpm: (seed) => new LpmComparison(seed),
  nat: (seed) => new NatComparison(seed),
  packets: (seed) => new PacketComparison(seed),
  policy: (seed) => new PolicyComparison(seed),
  scan: (seed) => new ScanComparison(seed),
  stubs: (seed) => new StubsComparison(seed),
};

const [name = '', rounds = '1000000', seed = String(Date.now() & 0x7fffffff)] = process.argv.slice(2);
const create = Object.hasOwn(COMPARISONS, name) ? COMPARISONS[name] : undefined;
if (create === undefined) {
  console.error(`soak.ts STRUCTURE [ROUNDS] [SEED]; structures: ${Object.keys(COMPARISONS).join(', ')}`);
  process.exitCode = 64;
} else {
  console.log(`${name}: ${rounds} rounds from seed ${seed}`);
  const comparison = create(Number(seed));
  for (let round = 0; round < Number(rounds); round++) comparison.round();
  console.log(JSON.stringify(comparison.counts));
}
