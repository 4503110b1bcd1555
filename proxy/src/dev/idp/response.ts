import { randomBytes } from 'node:crypto';
import { SignedXml } from 'xml-crypto';
import type { DemoPerson } from '../people.ts';
import type { AuthnRequest } from './authn-request.ts';
import type { IdpKeys } from './keys.ts';
import { EMAIL_ADDRESS, escapeXml, NS } from './xml.ts';

const EXCLUSIVE = 'http://www.w3.org/2001/10/xml-exc-c14n#';
const LIFE_MS = 5 * 60_000;
const SESSION_MS = 8 * 3_600_000;

export interface ResponseContext {
  readonly entityId: string;
  readonly keys: IdpKeys;
  readonly request: AuthnRequest;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** 160 random bits behind an underscore, because an ID must not begin with a digit. */
function newId(): string {
  return `_${randomBytes(20).toString('hex')}`;
}

function instant(at: number): string {
  return new Date(at).toISOString();
}

/** The signed Response of a login (saml-core-2.0 §3.3.3, saml-profiles-2.0 §4.1.4.2), as XML. */
export function loginResponse(context: ResponseContext, person: DemoPerson): string {
  const assertion = assertionXml(context, person);
  const xml = responseXml(context, 'urn:oasis:names:tc:SAML:2.0:status:Success', '', assertion);
  return sign(sign(xml, 'Assertion', context.keys), 'Response', context.keys);
}

/** The signed Response of a person who did not log in. */
export function deniedResponse(context: ResponseContext): string {
  const inner = '<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:AuthnFailed"/>';
  const xml = responseXml(context, 'urn:oasis:names:tc:SAML:2.0:status:Responder', inner, '');
  return sign(xml, 'Response', context.keys);
}

function responseXml({ entityId, request, now }: ResponseContext, status: string, inner: string, body: string): string {
  const code = `<samlp:StatusCode Value="${status}">${inner}</samlp:StatusCode>`;
  return (
    `<samlp:Response xmlns:samlp="${NS.protocol}" ID="${newId()}" Version="2.0" IssueInstant="${instant(now)}" ` +
    `Destination="${escapeXml(request.provider.acs)}" InResponseTo="${escapeXml(request.id)}">` +
    `<saml:Issuer xmlns:saml="${NS.assertion}">${escapeXml(entityId)}</saml:Issuer>` +
    `<samlp:Status>${code}</samlp:Status>${body}</samlp:Response>`
  );
}

function assertionXml({ entityId, request, now }: ResponseContext, person: DemoPerson): string {
  const until = instant(now + LIFE_MS);
  return (
    `<saml:Assertion xmlns:saml="${NS.assertion}" ID="${newId()}" Version="2.0" IssueInstant="${instant(now)}">` +
    `<saml:Issuer>${escapeXml(entityId)}</saml:Issuer>` +
    `<saml:Subject><saml:NameID Format="${EMAIL_ADDRESS}">${escapeXml(person.user)}</saml:NameID>` +
    `<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData ` +
    `InResponseTo="${escapeXml(request.id)}" Recipient="${escapeXml(request.provider.acs)}" NotOnOrAfter="${until}"/>` +
    `</saml:SubjectConfirmation></saml:Subject>` +
    `<saml:Conditions NotBefore="${instant(now)}" NotOnOrAfter="${until}"><saml:AudienceRestriction>` +
    `<saml:Audience>${escapeXml(request.provider.entityId)}</saml:Audience></saml:AudienceRestriction></saml:Conditions>` +
    `<saml:AuthnStatement AuthnInstant="${instant(now)}" SessionIndex="${newId()}" ` +
    `SessionNotOnOrAfter="${instant(now + SESSION_MS)}"><saml:AuthnContext><saml:AuthnContextClassRef>` +
    `urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>` +
    `<saml:AttributeStatement>${attribute('displayName', [person.displayName])}${attribute('groups', person.groups)}` +
    `</saml:AttributeStatement></saml:Assertion>`
  );
}

function attribute(name: string, values: readonly string[]): string {
  const list = values.map((value) => `<saml:AttributeValue>${escapeXml(value)}</saml:AttributeValue>`).join('');
  return (
    `<saml:Attribute Name="${name}" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:basic">${list}` +
    `</saml:Attribute>`
  );
}

/** An enveloped signature over the element, placed after its Issuer as the schema wants it (saml-core-2.0 §5.4). */
function sign(xml: string, element: 'Response' | 'Assertion', keys: IdpKeys): string {
  const path = `//*[local-name(.)='${element}']`;
  const signer = new SignedXml({
    privateKey: keys.key,
    publicCert: keys.certificate,
    signatureAlgorithm: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
    canonicalizationAlgorithm: EXCLUSIVE,
  });
  signer.addReference({
    xpath: path,
    transforms: ['http://www.w3.org/2000/09/xmldsig#enveloped-signature', EXCLUSIVE],
    digestAlgorithm: 'http://www.w3.org/2001/04/xmlenc#sha256',
  });
  signer.computeSignature(xml, {
    prefix: 'ds',
    location: { reference: `${path}/*[local-name(.)='Issuer']`, action: 'after' },
  });
  return signer.getSignedXml();
}
