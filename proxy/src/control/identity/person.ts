import { CausewayError } from '@causeway/contract';
import type { Deployment } from '../../config/schema.ts';
import { unitPath } from '../../policy/unit-path.ts';
import type { SamlProfile } from './saml/assertion.ts';
import type { Person } from './sessions.ts';

const MAX_GROUPS = 1_000;

function clean(text: string, length: number): string {
  // Names go to pages, logs and rules: control characters have no place in them.
  return text
    .replace(/\p{Cc}/gu, '')
    .trim()
    .slice(0, length);
}

/** Who the assertion speaks of: the NameID is the user, the named attributes are the rest. */
export function personOf(
  profile: SamlProfile,
  names: Pick<Deployment['identityProvider'], 'groupsAttribute' | 'displayNameAttribute' | 'ouAttribute'>,
): Person {
  const user = clean(profile.nameId, 255);
  if (user === '' || user !== profile.nameId)
    throw new CausewayError('CW_SAML_SEMANTICS', 'the NameID is no user name');
  const groups = [...new Set((profile.attributes.get(names.groupsAttribute) ?? []).map((group) => clean(group, 255)))];
  if (groups.length > MAX_GROUPS) throw new CausewayError('CW_SAML_SEMANTICS', `more than ${MAX_GROUPS} groups`);
  const [displayName = ''] = profile.attributes.get(names.displayNameAttribute) ?? [];
  return {
    user,
    displayName: clean(displayName, 255) || user,
    groups: groups.filter((group) => group !== ''),
    ou: unitOf(names.ouAttribute === undefined ? [] : (profile.attributes.get(names.ouAttribute) ?? [])),
    nameId: profile.nameId,
    sessionIndex: profile.sessionIndex,
    notAfter: profile.sessionNotOnOrAfter,
  };
}

function unitOf(values: readonly string[]): string | null {
  if (values.length > 1) throw new CausewayError('CW_SAML_SEMANTICS', 'more than one organisational unit');
  const path = unitPath(values[0] ?? '');
  if (path === undefined) throw new CausewayError('CW_SAML_SEMANTICS', 'the organisational unit is no path of units');
  return path;
}
