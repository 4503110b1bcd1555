import { SAML, ValidateInResponseTo } from '@node-saml/node-saml';
import { CausewayError } from '@causeway/contract';
import { checkAssertion, type SamlProfile } from './assertion.ts';
import { checkEnvelope } from './envelope.ts';
import { is, NS, parseXml } from './dom.ts';
import { decodeResponse, prescan } from './prescan.ts';
import type { SamlExpectation, SamlTrust } from './trust.ts';

/**
 * The whole gate for one response, in the order of its cost: characters, elements, signature, meaning. The profile is
 * read from the bytes that the signature covers and from nothing else.
 *
 * @param field the form field `SAMLResponse`, base64
 * Throws `CW_SAML_*`; nothing of the response is in the message but short enumerated values.
 */
export async function verifyResponse(
  field: string,
  trust: SamlTrust,
  expectation: SamlExpectation,
): Promise<SamlProfile> {
  const xml = decodeResponse(field);
  prescan(xml);
  const { responseSigned, assertionSigned } = checkEnvelope(parseXml(xml), trust, expectation);
  const signed = await signedAssertion(xml, trust, responseSigned, assertionSigned);
  // Canonical bytes of what was signed, scanned and parsed by themselves: no context of the envelope leaks in.
  const assertion = parseXml(signed);
  if (!is(assertion, NS.assertion, 'Assertion')) {
    throw new CausewayError('CW_SAML_SIGNATURE', 'what is signed is no assertion');
  }
  return checkAssertion(assertion, trust, expectation);
}

/**
 * The library is asked for the one thing it is for: which bytes are signed with a key of the metadata. Time, audience
 * and InResponseTo are our own checks, with codes, on our clock. Every signature that is there must hold.
 */
async function signedAssertion(
  xml: string,
  trust: SamlTrust,
  responseSigned: boolean,
  assertionSigned: boolean,
): Promise<string> {
  const saml = new SAML({
    idpCert: [...trust.idp.certificates],
    issuer: trust.spEntityId,
    callbackUrl: trust.acsUrl,
    audience: false,
    acceptedClockSkewMs: -1,
    validateInResponseTo: ValidateInResponseTo.never,
    wantAuthnResponseSigned: responseSigned,
    wantAssertionsSigned: assertionSigned,
  });
  try {
    const { profile } = await saml.validatePostResponseAsync({ SAMLResponse: Buffer.from(xml).toString('base64') });
    const signed = profile?.getAssertionXml?.();
    if (signed !== undefined) return signed;
  } catch (cause) {
    throw new CausewayError('CW_SAML_SIGNATURE', 'no signature of the identity provider holds', { cause });
  }
  throw new CausewayError('CW_SAML_SIGNATURE', 'nothing signed was found');
}
