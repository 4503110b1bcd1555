import { ReferencePolicyMatcher, type ExplainedRule } from '@causeway/wasm-core/reference';
import { policyInput } from '../../policy/policy-input.ts';
import type { StoreLocation } from '../store/database.ts';
import { policyOf } from './comparing.ts';
import type { TriedArguments } from './job.ts';
import { reading } from './reading.ts';
import { snapshotContents } from './stored-contents.ts';

/** Of the snapshot last asked for: whoever asks once asks again. */
let last: { readonly number: number; readonly matcher: ReferencePolicyMatcher } | null = null;

/** Which rules of a snapshot are tried, in order, and why each matched or not. Blocks the thread. */
export async function triedRules(
  location: StoreLocation,
  { number, subject, app, port, flow }: TriedArguments,
): Promise<readonly ExplainedRule[]> {
  if (last?.number !== number) {
    last = null;
    const { apps, rules } = policyOf(await reading(location, (db) => snapshotContents(db, number)));
    last = { number, matcher: new ReferencePolicyMatcher(policyInput(apps, rules)) };
  }
  return last.matcher.explain(subject, app, 'tcp', port, flow);
}
