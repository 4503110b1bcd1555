export { CORE_ERRORS, CoreError } from './errors.ts';
export type { CoreErrorCode, CoreErrorEntry } from './errors.ts';
export { LpmTable } from './lpm/lpm-table.ts';
export type { LpmEntry } from './lpm/lpm-table.ts';
export type { LpmPrefix } from './lpm/prefix.ts';
export { rangeToPrefixes } from './lpm/range-to-prefixes.ts';
export { compilePolicy } from './policy/compile-policy.ts';
export type {
  PolicyInput,
  PolicyMethod,
  PolicyProbe,
  PolicyProtocol,
  PolicyRuleInput,
  PolicySubject,
} from './policy/policy-input.ts';
export { PolicyMatcher } from './policy/policy-matcher.ts';
export type { PolicySession } from './policy/policy-matcher.ts';
