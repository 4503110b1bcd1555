import { CausewayError } from '@causeway/contract';
import { child, children, elements, is, NS, textOf, walk, type Element } from './dom.ts';
import { ALGORITHMS } from './prescan.ts';
import { instant, SKEW_MS } from './instant.ts';
import type { SamlExpectation, SamlTrust } from './trust.ts';

const SUCCESS = 'urn:oasis:names:tc:SAML:2.0:status:Success';

const semantics = (what: string): never => {
  throw new CausewayError('CW_SAML_SEMANTICS', what);
};

/**
 * The `Response` around the assertion (saml-core-2.0-os §3.2.2, saml-bindings §3.5.5.2): for whom, from whom, an answer
 * to what, with which outcome; and that its signatures stand where signatures may stand.
 */
export function checkEnvelope(
  response: Element,
  trust: SamlTrust,
  expectation: SamlExpectation,
): { responseSigned: boolean; assertionSigned: boolean } {
  if (!is(response, NS.protocol, 'Response')) throw new CausewayError('CW_SAML_SHAPE', 'the root is no SAML Response');
  checkAlgorithms(response);
  if (response.getAttribute('Version') !== '2.0') semantics('the response is not of version 2.0');
  if (response.getAttribute('Destination') !== trust.acsUrl) semantics('the response has another Destination');
  if (response.getAttribute('InResponseTo') !== expectation.requestId)
    semantics('the response answers another request');
  const issued = instant(response.getAttribute('IssueInstant'));
  if (issued === null || issued > expectation.now + SKEW_MS) {
    semantics('the response is issued in the future: compare the clocks of this PoP and of the identity provider');
  }
  const issuer = child(response, NS.protocol, 'Issuer') ?? child(response, NS.assertion, 'Issuer');
  if (issuer !== null && textOf(issuer) !== trust.idp.entityId) semantics('the response has another Issuer');
  checkStatus(response);
  return signaturePlaces(response);
}

function checkStatus(response: Element): void {
  const status = child(response, NS.protocol, 'Status');
  const code = status === null ? null : child(status, NS.protocol, 'StatusCode');
  const value = code?.getAttribute('Value') ?? '';
  if (value === SUCCESS) return;
  const detail = code === null ? null : child(code, NS.protocol, 'StatusCode');
  const names = [value, detail?.getAttribute('Value') ?? ''].map((urn) => urn.slice(urn.lastIndexOf(':') + 1));
  const shown = names.filter((name) => /^[A-Za-z]{1,40}$/.test(name)).join(', ');
  throw new CausewayError('CW_SAML_DENIED', `the identity provider answered ${shown === '' ? 'no status' : shown}`);
}

/** A signature may be a child of the response or of its assertion, one each, and nowhere else in the document. */
function signaturePlaces(response: Element): { responseSigned: boolean; assertionSigned: boolean } {
  const assertions = children(response, NS.assertion, 'Assertion');
  const [assertion] = assertions;
  if (assertions.length !== 1 || assertion === undefined) {
    throw new CausewayError('CW_SAML_SHAPE', 'not exactly one assertion in the response');
  }
  const responseSigned = child(response, NS.signature, 'Signature') !== null;
  const assertionSigned = child(assertion, NS.signature, 'Signature') !== null;
  let signatures = 0;
  for (const element of walk(response)) {
    if (element.localName === 'Signature') signatures += 1;
    if (element.localName === 'Assertion' && element !== assertion) {
      throw new CausewayError('CW_SAML_SHAPE', 'an assertion in another place');
    }
  }
  if (signatures !== Number(responseSigned) + Number(assertionSigned)) {
    throw new CausewayError('CW_SAML_SHAPE', 'a signature in a place where none belongs');
  }
  if (signatures === 0) throw new CausewayError('CW_SAML_SIGNATURE', 'nothing is signed');
  for (const parent of [response, assertion]) {
    const signature = child(parent, NS.signature, 'Signature');
    if (signature !== null) checkReference(signature, parent);
  }
  return { responseSigned, assertionSigned };
}

/** One `SignedInfo`, one `Reference`, and that to the element in which the signature stands (saml-core §5.4.2). */
function checkReference(signature: Element, parent: Element): void {
  const info = child(signature, NS.signature, 'SignedInfo');
  const reference = info === null ? null : child(info, NS.signature, 'Reference');
  const id = parent.getAttribute('ID') ?? '';
  if (id === '' || reference?.getAttribute('URI') !== `#${id}`) {
    throw new CausewayError('CW_SAML_SIGNATURE', 'a signature over another element than its own');
  }
  const digest = child(reference, NS.signature, 'DigestValue');
  if ((textOf(digest) ?? '') === '' || (textOf(child(signature, NS.signature, 'SignatureValue')) ?? '') === '') {
    throw new CausewayError('CW_SAML_SIGNATURE', 'a signature without its values');
  }
  if (children(signature, NS.signature, 'Object').length > 0) {
    throw new CausewayError('CW_SAML_SHAPE', 'a signature with an Object inside');
  }
}

/** Each algorithm in its own place: a digest method is no signature method, and a missing one is no default. */
function checkAlgorithms(root: Element): void {
  const places: Readonly<Record<string, ReadonlySet<string>>> = {
    SignatureMethod: ALGORITHMS.signature,
    DigestMethod: ALGORITHMS.digest,
    CanonicalizationMethod: ALGORITHMS.canonicalization,
    Transform: ALGORITHMS.transform,
  };
  for (const element of walk(root)) {
    const name = element.localName ?? '';
    const allowed = Object.hasOwn(places, name) ? places[name] : undefined;
    if (allowed === undefined) continue;
    if (!allowed.has(element.getAttribute('Algorithm') ?? '')) {
      throw new CausewayError('CW_SAML_ALGORITHM', `${name} names an algorithm that is not allowed there`);
    }
    const inside = elements(element);
    if (inside.some((part) => part.localName !== 'InclusiveNamespaces')) {
      throw new CausewayError('CW_SAML_SHAPE', `${name} holds parameters`);
    }
  }
}
