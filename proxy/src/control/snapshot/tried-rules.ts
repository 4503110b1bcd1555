import type { PolicyRule } from '@causeway/contract';
import type { PolicyInput } from '@causeway/wasm-core';
import { ReferencePolicyMatcher } from '@causeway/wasm-core/reference';
import { policyInput } from '../../policy/policy-input.ts';
import type { StoreLocation } from '../store/database.ts';
import { policyOf } from './comparing.ts';
import type { TriedArguments, TriedRules } from './job.ts';
import { reading } from './reading.ts';
import { snapshotContents } from './stored-contents.ts';
import { whatWouldChange } from './what-would-change.ts';

/** Of the snapshot last asked for: whoever asks once asks again. */
let last: { readonly number: number; readonly policy: PolicyInput; readonly rules: readonly PolicyRule[] } | null =
  null;

/** Which rules of a snapshot are tried, why each matched or not, and what would change that. Blocks the thread. */
export async function triedRules(
  location: StoreLocation,
  { number, subject, app, port, flow }: TriedArguments,
): Promise<TriedRules> {
  if (last?.number !== number) {
    last = null;
    const { apps, rules } = policyOf(await reading(location, (db) => snapshotContents(db, number)));
    last = { number, policy: policyInput(apps, rules), rules };
  }
  const { policy, rules } = last;
  return {
    tried: new ReferencePolicyMatcher(policy).explain(subject, app, 'tcp', port, flow),
    changes: whatWouldChange(policy, rules, { subject, app, port, flow }),
  };
}
