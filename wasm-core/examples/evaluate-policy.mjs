// Compiles a policy and asks it, with the reason and the explanation. Run: node examples/evaluate-policy.mjs
import { PolicyMatcher, compilePolicy, shadowedRules } from '@causeway/wasm-core';
import { ReferencePolicyMatcher } from '@causeway/wasm-core/reference';

const policy = {
  apps: [
    { name: 'wiki', tags: ['docs'] },
    { name: 'database', tags: ['data'] },
  ],
  rules: [
    { activities: ['upload'], networks: ['public'] }, // 0
    { ous: ['corp/eng'], apps: ['database'], destinations: ['*.db.example', '10.20.0.0/16'], posture: ['encrypted'] }, // 1
    { groups: ['staff'], times: [{ days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: 8 * 60, to: 18 * 60 }] }, // 2
    { groups: ['staff'], apps: ['wiki'], times: [{ days: ['mon'], from: 9 * 60, to: 10 * 60 }] }, // 3: never decides
  ],
};
const ada = {
  user: 'ada',
  groups: ['staff'],
  method: 'agent',
  ou: 'corp/eng/core',
  posture: ['encrypted'],
  os: 'linux',
  network: 'home',
  source: '192.0.2.7',
};

const matcher = new PolicyMatcher(compilePolicy(policy));
const session = matcher.open(ada);
const flow = { destination: 'main.db.example', now: Date.UTC(2026, 10, 22, 12) }; // a Sunday
const rule = matcher.decide(session, matcher.apps.indexOf('database'), 'tcp', 5432, flow);
console.log('database', matcher.reason(rule));
console.log('wiki on Sunday', matcher.decide(session, matcher.apps.indexOf('wiki'), 'tcp', 443, flow));
for (const tried of new ReferencePolicyMatcher(policy).explain(ada, 0, 'tcp', 443, flow)) {
  console.log(`  rule ${tried.rule}: ${tried.why}`);
}
console.log('shadowed', shadowedRules(policy));
