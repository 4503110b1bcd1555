import { policyRule, type PolicyRule } from '@causeway/contract';
import type { Kind } from './kind.ts';

export const ruleKind: Kind<PolicyRule> = {
  kind: 'rules',
  schema: policyRule,
  ordered: true,
  fields: ['users', 'groups', 'ports', 'methods', 'action', 'notice'],
};
