import { CausewayError } from '@causeway/contract';
import { child, children, elements, NS, textOf, type Element } from './dom.ts';
import { instant, SKEW_MS } from './instant.ts';
import type { SamlExpectation, SamlTrust } from './trust.ts';

/** What a signed assertion says about the person; times in milliseconds since 1970. */
export interface SamlProfile {
  readonly assertionId: string;
  /** Until then the assertion must be remembered as used. */
  readonly replayUntil: number;
  readonly nameId: string;
  readonly sessionIndex: string | null;
  readonly authenticatedAt: number;
  /** When the provider's own session ends, if it says so. */
  readonly sessionNotOnOrAfter: number | null;
  /** By attribute name; every value is a string, in the order of the document. */
  readonly attributes: ReadonlyMap<string, readonly string[]>;
}

const BEARER = 'urn:oasis:names:tc:SAML:2.0:cm:bearer';
const TRANSIENT = 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient';
/** An assertion is carried by a browser at once; one that is good for longer was made for something else. */
const MAX_LIFE_MS = 60 * 60_000;
/** A person who proved who they are longer ago than this does so again. */
const MAX_AUTHENTICATION_AGE_MS = 24 * 3_600_000;
const MAX_VALUES = 4_000;
const MAX_VALUE_LENGTH = 4_096;

const semantics = (what: string): never => {
  throw new CausewayError('CW_SAML_SEMANTICS', what);
};
const future = (what: string): never =>
  semantics(`${what} lies in the future: compare the clocks of this PoP and of the identity provider (CW_CLOCK_SKEW)`);

/** Everything of saml-profiles-2.0-os §4.1.4.3 that concerns the assertion. `assertion` is what was signed. */
export function checkAssertion(assertion: Element, trust: SamlTrust, expectation: SamlExpectation): SamlProfile {
  const { now } = expectation;
  const id = assertion.getAttribute('ID') ?? '';
  if (id === '' || id.length > 256) semantics('the assertion has no ID');
  if (assertion.getAttribute('Version') !== '2.0') semantics('the assertion is not of version 2.0');
  if (textOf(child(assertion, NS.assertion, 'Issuer')) !== trust.idp.entityId)
    semantics('the assertion has another Issuer');
  const issued = instant(assertion.getAttribute('IssueInstant')) ?? semantics('the assertion has no IssueInstant');
  if (issued > now + SKEW_MS) future('IssueInstant');
  const conditionsUntil = checkConditions(assertion, trust, now);
  const { nameId, until } = checkSubject(assertion, trust, expectation);
  const authentication = checkAuthentication(assertion, now);
  return {
    assertionId: id,
    replayUntil: Math.max(until, conditionsUntil) + SKEW_MS,
    nameId,
    ...authentication,
    attributes: attributesOf(assertion),
  };
}

function checkConditions(assertion: Element, trust: SamlTrust, now: number): number {
  const conditions = child(assertion, NS.assertion, 'Conditions') ?? semantics('the assertion has no Conditions');
  for (const condition of elements(conditions)) {
    const known = ['AudienceRestriction', 'OneTimeUse', 'ProxyRestriction'].includes(condition.localName ?? '');
    // A condition that is not understood leaves the assertion's validity undetermined (saml-core §2.5.1.1).
    if (!known || condition.namespaceURI !== NS.assertion) semantics('the assertion has an unknown condition');
  }
  const notBefore = conditions.getAttribute('NotBefore');
  const from = notBefore === null ? null : (instant(notBefore) ?? semantics('NotBefore is no time'));
  if (from !== null && from > now + SKEW_MS) future('NotBefore');
  const until = instant(conditions.getAttribute('NotOnOrAfter')) ?? semantics('the assertion never expires');
  if (until <= now - SKEW_MS) semantics('the assertion has expired');
  if (until > now + MAX_LIFE_MS + SKEW_MS) semantics('the assertion is valid for too long');
  const restrictions = children(conditions, NS.assertion, 'AudienceRestriction');
  if (restrictions.length === 0) semantics('the assertion names no audience');
  for (const restriction of restrictions) {
    const audiences = children(restriction, NS.assertion, 'Audience').map(textOf);
    if (!audiences.includes(trust.spEntityId)) semantics('the assertion is for another audience');
  }
  return until;
}

function checkSubject(
  assertion: Element,
  trust: SamlTrust,
  { now, requestId }: SamlExpectation,
): { nameId: string; until: number } {
  const subject = child(assertion, NS.assertion, 'Subject') ?? semantics('the assertion has no Subject');
  const nameId = textOf(child(subject, NS.assertion, 'NameID')) ?? '';
  if (nameId === '' || nameId.length > 512) semantics('the assertion has no NameID');
  if (child(subject, NS.assertion, 'NameID')?.getAttribute('Format') === TRANSIENT) {
    semantics('the NameID is transient: set the identity provider to send one that stays the same for a person');
  }
  const reasons: string[] = [];
  for (const confirmation of children(subject, NS.assertion, 'SubjectConfirmation')) {
    const data = child(confirmation, NS.assertion, 'SubjectConfirmationData');
    const until = instant(data?.getAttribute('NotOnOrAfter') ?? null);
    if (confirmation.getAttribute('Method') !== BEARER) reasons.push('method is not bearer');
    else if (data === null) reasons.push('no data');
    else if (data.getAttribute('Recipient') !== trust.acsUrl) reasons.push('another Recipient');
    else if (data.getAttribute('InResponseTo') !== requestId) reasons.push('another InResponseTo');
    else if (data.getAttributeNode('NotBefore') !== null) reasons.push('NotBefore, which a bearer may not have');
    else if (until === null) reasons.push('no NotOnOrAfter');
    else if (until <= now - SKEW_MS) reasons.push('expired');
    else if (until > now + MAX_LIFE_MS + SKEW_MS) reasons.push('valid for too long');
    else return { nameId, until };
  }
  return semantics(
    `no subject confirmation holds: ${reasons.length === 0 ? 'there is none' : reasons.slice(0, 5).join('; ')}`,
  );
}

function checkAuthentication(
  assertion: Element,
  now: number,
): { authenticatedAt: number; sessionIndex: string | null; sessionNotOnOrAfter: number | null } {
  const statements = children(assertion, NS.assertion, 'AuthnStatement');
  const [first] = statements;
  if (first === undefined) return semantics('the assertion has no AuthnStatement');
  let authenticatedAt = 0;
  let sessionNotOnOrAfter: number | null = null;
  for (const statement of statements) {
    const at = instant(statement.getAttribute('AuthnInstant')) ?? semantics('AuthnInstant is no time');
    if (at > now + SKEW_MS) future('AuthnInstant');
    if (at < now - MAX_AUTHENTICATION_AGE_MS) semantics('the person proved who they are too long ago');
    authenticatedAt = Math.max(authenticatedAt, at);
    const end = statement.getAttribute('SessionNotOnOrAfter');
    if (end === null) continue;
    const until = instant(end) ?? semantics('SessionNotOnOrAfter is no time');
    if (until <= now) semantics('the session at the identity provider has ended');
    sessionNotOnOrAfter = Math.min(sessionNotOnOrAfter ?? until, until);
  }
  const index = first.getAttribute('SessionIndex');
  return { authenticatedAt, sessionNotOnOrAfter, sessionIndex: index === null ? null : index.slice(0, 512) };
}

function attributesOf(assertion: Element): Map<string, string[]> {
  const attributes = new Map<string, string[]>();
  let values = 0;
  for (const statement of children(assertion, NS.assertion, 'AttributeStatement')) {
    for (const attribute of children(statement, NS.assertion, 'Attribute')) {
      const name = attribute.getAttribute('Name') ?? '';
      const list = attributes.get(name) ?? [];
      attributes.set(name, list);
      for (const value of children(attribute, NS.assertion, 'AttributeValue')) {
        const text = textOf(value);
        if (text === null || text === '') continue;
        values += 1;
        if (values > MAX_VALUES || text.length > MAX_VALUE_LENGTH) semantics('the assertion has too many attributes');
        list.push(text);
      }
    }
  }
  return attributes;
}
