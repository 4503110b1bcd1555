export { ReferenceLpm } from './reference-lpm.ts';
export { ReferencePolicyMatcher } from './reference-policy-matcher.ts';
export type { ExplainedRule, ReferenceSession } from './reference-policy-matcher.ts';
