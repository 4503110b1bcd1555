import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { X509CertificateGenerator } from '@peculiar/x509';
import { SignedXml } from 'xml-crypto';
import { NS } from './dom.ts';

/** An identity provider for tests: makes responses, right or wrong in one particular, and signs them. */
export interface TestIdp {
  readonly entityId: string;
  /** PKCS#8 PEM. */
  readonly key: string;
  /** PEM. */
  readonly certificate: string;
}

export async function makeTestIdp(entityId = 'https://idp.test/saml'): Promise<TestIdp> {
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', publicExponent: new Uint8Array([1, 0, 1]) };
  const keys = await webcrypto.subtle.generateKey({ ...algorithm, modulusLength: 2048 }, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned(
    { serialNumber: '01', name: 'CN=idp.test', signingAlgorithm: algorithm, keys },
    webcrypto,
  );
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  const key = `-----BEGIN PRIVATE KEY-----\n${wrap(der.toString('base64'))}\n-----END PRIVATE KEY-----\n`;
  return { entityId, key, certificate: `${certificate.toString('pem')}\n` };
}

const wrap = (text: string): string => (text.match(/.{1,64}/g) ?? []).join('\n');

export function certificateBody(pem: string): string {
  return pem.replace(/-----[^-]+-----|\s/g, '');
}

export function metadataOf(idp: TestIdp, ssoUrl: string): string {
  return (
    `<md:EntityDescriptor xmlns:md="${NS.metadata}" xmlns:ds="${NS.signature}" entityID="${idp.entityId}">` +
    `<md:IDPSSODescriptor protocolSupportEnumeration="${NS.protocol}"><md:KeyDescriptor use="signing"><ds:KeyInfo>` +
    `<ds:X509Data><ds:X509Certificate>${certificateBody(idp.certificate)}</ds:X509Certificate></ds:X509Data>` +
    `</ds:KeyInfo></md:KeyDescriptor><md:SingleSignOnService` +
    ` Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="${ssoUrl}"/>` +
    `</md:IDPSSODescriptor></md:EntityDescriptor>`
  );
}

export interface ResponseParts {
  readonly issuer: string;
  readonly responseIssuer: string;
  readonly acsUrl: string;
  readonly destination: string;
  readonly recipient: string;
  readonly audience: string;
  readonly requestId: string;
  readonly subjectInResponseTo: string;
  readonly user: string;
  readonly nameIdFormat: string;
  readonly groups: readonly string[];
  readonly displayName: string;
  readonly status: string;
  readonly version: string;
  readonly method: string;
  readonly issuedAt: number;
  readonly notBefore: number;
  readonly notOnOrAfter: number;
  readonly confirmUntil: number;
  readonly confirmNotBefore: number | null;
  readonly authenticatedAt: number;
  readonly sessionUntil: number | null;
  readonly assertionId: string;
  readonly responseId: string;
  /** XML put into the assertion behind its Conditions. */
  readonly extra: string;
}

let serial = 0;

export function parts(from: {
  idp: TestIdp;
  acsUrl: string;
  audience: string;
  requestId: string;
  now: number;
  change?: Partial<ResponseParts>;
}): ResponseParts {
  serial += 1;
  const { now } = from;
  return {
    issuer: from.idp.entityId,
    responseIssuer: from.idp.entityId,
    acsUrl: from.acsUrl,
    destination: from.acsUrl,
    recipient: from.acsUrl,
    audience: from.audience,
    requestId: from.requestId,
    subjectInResponseTo: from.requestId,
    user: 'ada@corp.example',
    nameIdFormat: 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress',
    groups: ['staff', 'engineering'],
    displayName: 'Ada Lovelace',
    status: 'urn:oasis:names:tc:SAML:2.0:status:Success',
    version: '2.0',
    method: 'urn:oasis:names:tc:SAML:2.0:cm:bearer',
    issuedAt: now,
    notBefore: now - 30_000,
    notOnOrAfter: now + 300_000,
    confirmUntil: now + 300_000,
    confirmNotBefore: null,
    authenticatedAt: now - 1_000,
    sessionUntil: null,
    assertionId: `_a${serial}`,
    responseId: `_r${serial}`,
    extra: '',
    ...from.change,
  };
}

const time = (at: number): string => new Date(at).toISOString();

export function assertionXml(p: ResponseParts): string {
  const notBefore = p.confirmNotBefore === null ? '' : ` NotBefore="${time(p.confirmNotBefore)}"`;
  const session = p.sessionUntil === null ? '' : ` SessionNotOnOrAfter="${time(p.sessionUntil)}"`;
  const values = p.groups.map((group) => `<saml:AttributeValue>${group}</saml:AttributeValue>`).join('');
  return (
    `<saml:Assertion xmlns:saml="${NS.assertion}" ID="${p.assertionId}" Version="${p.version}" IssueInstant="${time(p.issuedAt)}">` +
    `<saml:Issuer>${p.issuer}</saml:Issuer><saml:Subject><saml:NameID Format="${p.nameIdFormat}">${p.user}</saml:NameID>` +
    `<saml:SubjectConfirmation Method="${p.method}"><saml:SubjectConfirmationData Recipient="${p.recipient}"` +
    ` InResponseTo="${p.subjectInResponseTo}" NotOnOrAfter="${time(p.confirmUntil)}"${notBefore}/>` +
    `</saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore="${time(p.notBefore)}"` +
    ` NotOnOrAfter="${time(p.notOnOrAfter)}"><saml:AudienceRestriction><saml:Audience>${p.audience}</saml:Audience>` +
    `</saml:AudienceRestriction></saml:Conditions>${p.extra}<saml:AuthnStatement AuthnInstant="${time(p.authenticatedAt)}"` +
    ` SessionIndex="_s1"${session}><saml:AuthnContext><saml:AuthnContextClassRef>` +
    `urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport</saml:AuthnContextClassRef></saml:AuthnContext>` +
    `</saml:AuthnStatement><saml:AttributeStatement><saml:Attribute Name="groups">${values}</saml:Attribute>` +
    `<saml:Attribute Name="displayName"><saml:AttributeValue>${p.displayName}</saml:AttributeValue></saml:Attribute>` +
    `</saml:AttributeStatement></saml:Assertion>`
  );
}

export function responseXml(p: ResponseParts, inside: string): string {
  return (
    `<samlp:Response xmlns:samlp="${NS.protocol}" ID="${p.responseId}" Version="2.0" IssueInstant="${time(p.issuedAt)}"` +
    ` Destination="${p.destination}" InResponseTo="${p.requestId}">` +
    `<saml:Issuer xmlns:saml="${NS.assertion}">${p.responseIssuer}</saml:Issuer>` +
    `<samlp:Status><samlp:StatusCode Value="${p.status}"/></samlp:Status>${inside}</samlp:Response>`
  );
}

export interface Signing {
  readonly key: string;
  readonly algorithm?: string;
  readonly digest?: string;
}

/** Signs the element with that ID, the signature right behind its Issuer, as the schema wants it. */
export function sign(xml: string, id: string, signing: Signing): string {
  const signed = new SignedXml({
    privateKey: signing.key,
    signatureAlgorithm: signing.algorithm ?? 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
    canonicalizationAlgorithm: 'http://www.w3.org/2001/10/xml-exc-c14n#',
  });
  signed.addReference({
    xpath: `//*[@ID='${id}']`,
    digestAlgorithm: signing.digest ?? 'http://www.w3.org/2001/04/xmlenc#sha256',
    transforms: ['http://www.w3.org/2000/09/xmldsig#enveloped-signature', 'http://www.w3.org/2001/10/xml-exc-c14n#'],
  });
  signed.computeSignature(xml, {
    prefix: 'ds',
    location: { reference: `//*[@ID='${id}']/*[local-name(.)='Issuer']`, action: 'after' },
  });
  return signed.getSignedXml();
}

export function signedResponse(p: ResponseParts, signing: Signing, what: 'assertion' | 'response' | 'both'): string {
  const assertion = assertionXml(p);
  const inside = what === 'response' ? assertion : sign(assertion, p.assertionId, signing);
  const response = responseXml(p, inside);
  return what === 'assertion' ? response : sign(response, p.responseId, signing);
}

export const field = (xml: string): string => Buffer.from(xml, 'utf8').toString('base64');
