import type { PolicyRule } from '@causeway/contract';
import type { PolicyFlow, PolicyInput, PolicyRuleInput, PolicySubject } from '@causeway/wasm-core';
import { ReferencePolicyMatcher } from '@causeway/wasm-core/reference';

/** A flow that is asked about; `app` numbers the policy's apps. */
export interface AskedFlow {
  readonly subject: PolicySubject;
  readonly app: number;
  readonly port: number;
  readonly flow: PolicyFlow;
}

/** What of a rule is a fact of who asks and when. That it is about another app or place makes it another rule. */
const FACTS = ['users', 'groups', 'ous', 'methods', 'sources', 'times'] as const satisfies (keyof PolicyRuleInput)[];

/** Sentences at most, and rules that are looked at for them. */
const MOST = 5;
const LOOKED_AT = 1_000;

/**
 * What is next to the verdict: the rules before the deciding one that mean the opposite and fail for one fact alone, and
 * what would be without the deciding one.
 *
 * @param rules as `policy` has them, in the same order
 */
export function whatWouldChange(policy: PolicyInput, rules: readonly PolicyRule[], asked: AskedFlow): string[] {
  const decided = decide(policy, asked);
  const action = rules[decided]?.action ?? 'block';
  const opposite = action === 'allow' ? 'block' : 'allow';
  const before = rules.slice(0, decided === -1 ? rules.length : decided);
  const sentences: string[] = [];
  let looked = 0;
  for (const [index, rule] of before.entries()) {
    if (rule.action !== opposite) continue;
    looked += 1;
    if (looked > LOOKED_AT || sentences.length === MOST) break;
    const only = onlyMissing(policy, policy.rules[index], asked);
    if (only !== null) sentences.push(`rule ${rule.name} would ${opposite} it, but: ${only}`);
  }
  const deciding = rules[decided];
  if (deciding !== undefined) sentences.push(without(policy, rules, decided, deciding.name, asked));
  else if (sentences.length === 0) sentences.push('no rule would allow it if just one fact were another');
  return sentences;
}

/** Why a rule does not match, where that is one fact alone; `null` where it is not. */
function onlyMissing(policy: PolicyInput, rule: PolicyRuleInput | undefined, asked: AskedFlow): string | null {
  if (rule === undefined) return null;
  const missing = FACTS.some((fact) => {
    const { [fact]: left, ...rest } = rule;
    return left !== undefined && decide({ ...policy, rules: [rest] }, asked) === 0;
  });
  if (!missing) return null;
  const { subject, app, port, flow } = asked;
  const [tried] = new ReferencePolicyMatcher({ ...policy, rules: [rule] }).explain(subject, app, 'tcp', port, flow);
  return tried?.why ?? null;
}

function without(
  policy: PolicyInput,
  rules: readonly PolicyRule[],
  decided: number,
  name: string,
  asked: AskedFlow,
): string {
  const next = decide({ ...policy, rules: policy.rules.slice(decided + 1) }, asked);
  const rule = next === -1 ? undefined : rules[decided + 1 + next];
  const then =
    rule === undefined ? 'no rule would match, and it would be blocked' : `rule ${rule.name} would ${rule.action} it`;
  return `without rule ${name}, ${then}`;
}

function decide(policy: PolicyInput, { subject, app, port, flow }: AskedFlow): number {
  return new ReferencePolicyMatcher(policy).decide(subject, app, 'tcp', port, flow);
}
