import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { policyRule, privateApp } from '@causeway/contract';
import { packFacts, unpackFacts } from './packed-facts.ts';
import { factsOf, type RuleFacts } from './rule-facts.ts';

const apps = ['wiki', 'pay', 'ssh'].map((name) =>
  privateApp.parse({ name, tags: [`t-${name}`], hosts: [`${name}.example`], ports: ['tcp/1-9'], publishers: ['p'] }),
);

const anyRule = fc.record(
  {
    name: fc.stringMatching(/^[a-z][a-z0-9-]{0,20}[a-z0-9]$/),
    action: fc.constantFrom('allow', 'block'),
    notice: fc.constantFrom('Ask IT.', 'Nön 🙂', 'Später'),
    apps: fc.subarray(['wiki', 'pay'], { minLength: 1 }),
    tags: fc.constant(['t-ssh']),
    destinations: fc.subarray(['a.example', '*.b.example', '10.0.0.0/8'], { minLength: 1 }),
    ports: fc.subarray(['tcp/443', 'udp/53', 'tcp/80-90'], { minLength: 1 }),
    graceMinutes: fc.constantFrom(0, 0.5, 15),
    sources: fc.constant(['192.0.2.0/24']),
    times: fc.constantFrom(
      [{ days: ['mon'], from: '08:00', to: '09:00' }],
      [{ days: ['fri'], from: '01:00', to: '02:00' }],
    ),
  },
  { requiredKeys: ['name', 'action'] },
);

function plain(facts: RuleFacts) {
  const { count, times, asksForSource, asksForDestination, portEdges, destinations } = facts;
  const verdicts = Array.from({ length: count + 1 }, (_, i) => {
    const { name, action, notice } = facts.verdict(i) ?? {};
    return { name, action, notice };
  });
  const graces = [...facts.graces];
  const edges = [Array.from(portEdges.tcp), Array.from(portEdges.udp)];
  return { count, times, asksForSource, asks: [...asksForDestination], edges, verdicts, graces, to: [...destinations] };
}

test('packed facts say what the rules do', () => {
  fc.assert(
    fc.property(fc.array(anyRule, { maxLength: 30 }), (rules) => {
      const checked = rules.map(({ notice, graceMinutes, ...rule }) =>
        policyRule.parse({ ...rule, ...(rule.action === 'block' ? { notice } : { graceMinutes }) }),
      );
      const facts = factsOf(apps, checked);
      expect(plain(unpackFacts(packFacts(facts)))).toEqual(plain(facts));
    }),
  );
});

test('what is cut short, or nothing of the kind, is refused', () => {
  const packed = packFacts(factsOf(apps, [policyRule.parse({ name: 'all', action: 'block', notice: 'Hello.' })]));
  for (let length = 0; length < packed.length - 3; length++) {
    expect(() => unpackFacts(packed.slice(0, length))).toThrow(TypeError);
  }
  expect(() => unpackFacts(new Uint8Array(1_000))).toThrow(TypeError);
});
