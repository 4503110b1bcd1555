import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { policyVectors } from '../../fixtures/write-policy-vectors.ts';
import type { PolicyVector } from '../../fixtures/write-policy-vectors.ts';
import { ReferencePolicyMatcher } from '../reference/index.ts';
import { compilePolicy } from './compile-policy.ts';
import { PolicyMatcher } from './policy-matcher.ts';

const vectors = JSON.parse(
  await readFile(new URL('../../vectors/policies.json', import.meta.url), 'utf8'),
) as PolicyVector[];

describe('the policy vectors', () => {
  it('are those that their script writes, and decide by every kind of rule', () => {
    expect(vectors).toEqual(policyVectors());
    const decided = new Set(vectors.flatMap(({ rules }, n) => rules.flat().map((rule) => `${n} ${rule}`)));
    expect(decided.size).toBeGreaterThan(20);
  });

  it.each([...vectors.keys()])('%i: the image is the one given, and both matchers decide as written', (n) => {
    const { policy, image, people, flows, rules } = vectors[n] as PolicyVector;
    expect(Buffer.from(compilePolicy(policy)).toString('hex')).toBe(image);
    const matcher = new PolicyMatcher(new Uint8Array(Buffer.from(image, 'hex')));
    const reference = new ReferencePolicyMatcher(policy);
    for (const [i, person] of people.entries()) {
      expect([...matcher.decideAll(matcher.open(person), flows)]).toEqual(rules[i]);
      expect([...reference.decideAll(reference.open(person), flows)]).toEqual(rules[i]);
    }
  });
});
