import { describe, expect, it } from 'vitest';
import { personOf } from './person.ts';
import type { SamlProfile } from './saml/assertion.ts';

const NAMES = { groupsAttribute: 'groups', displayNameAttribute: 'displayName', ouAttribute: 'orgUnitPath' };

function profileOf(attributes: Record<string, string[]>): SamlProfile {
  const times = { sessionNotOnOrAfter: null, replayUntil: 1, authenticatedAt: 1 };
  return {
    nameId: 'ada@corp.example',
    sessionIndex: null,
    assertionId: 'a',
    attributes: new Map(Object.entries(attributes)),
    ...times,
  };
}

const unitOf = (...values: string[]): string | null => personOf(profileOf({ orgUnitPath: values }), NAMES).ou;

describe('the organisational unit of a person', () => {
  it('is the path that the named attribute says, without slashes at its ends', () => {
    expect(unitOf('corp/sales')).toBe('corp/sales');
    expect(unitOf('/corp/Verkauf Süd/')).toBe('corp/Verkauf Süd');
    expect(unitOf('OU=Sales,DC=corp')).toBe('OU=Sales,DC=corp');
  });

  it('is none where the attribute is absent, empty, or not asked for', () => {
    expect([unitOf(), unitOf(''), unitOf('/'), unitOf(' ')]).toEqual([null, null, null, null]);
    const { groupsAttribute, displayNameAttribute } = NAMES;
    expect(personOf(profileOf({ orgUnitPath: ['corp'] }), { groupsAttribute, displayNameAttribute }).ou).toBeNull();
  });

  it.each([
    ['two of them', ['corp/a', 'corp/b']],
    ['an empty step', ['corp//sales']],
    ['the one that stands for none', ['(unknown)']],
    ['a line break', ['corp/a\nb']],
    ['more than can be compared, which cut short would be another unit', ['a/'.repeat(64) + 'a']],
    ['more characters than are kept', [`corp/${'x'.repeat(255)}`]],
  ])('is refused as %s', (_, values) => {
    expect(() => unitOf(...values)).toThrow(expect.objectContaining({ code: 'CW_SAML_SEMANTICS' }));
  });
});
