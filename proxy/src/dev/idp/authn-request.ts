import { inflateRawSync } from 'node:zlib';
import { CausewayError } from '@causeway/contract';
import { DOMParser, onErrorStopParsing, type Element } from '@xmldom/xmldom';
import { BINDING, EMAIL_ADDRESS, NS } from './xml.ts';

/** A PoP that may ask this identity provider, and the one address its answers go to. */
export interface ServiceProvider {
  readonly entityId: string;
  readonly acs: string;
}

export interface AuthnRequest {
  readonly id: string;
  readonly provider: ServiceProvider;
}

const MAX_ENCODED = 8 * 1024;
const MAX_XML = 16 * 1024;
const NCNAME = /^[A-Za-z_][\w.-]{0,127}$/;
const ANY_FORMAT = 'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified';

function refuse(why: string, cause?: unknown): CausewayError {
  return new CausewayError('CW_REQUEST_INVALID', `AuthnRequest: ${why}`, { cause });
}

/**
 * The request of the redirect binding (saml-bindings-2.0 §3.4.4): base64 of DEFLATE of XML. Throws
 * `CW_REQUEST_INVALID` for whatever is not exactly what a registered provider would send.
 */
export function readAuthnRequest(encoded: string, ssoUrl: string, providers: readonly ServiceProvider[]): AuthnRequest {
  if (encoded.length > MAX_ENCODED || !/^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) throw refuse('not base64, or too long');
  let xml: string;
  try {
    const bytes = inflateRawSync(Buffer.from(encoded, 'base64'), { maxOutputLength: MAX_XML });
    xml = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw refuse('not DEFLATE of UTF-8, or too long', error);
  }
  return checkRequest(parse(xml), ssoUrl, providers);
}

function parse(xml: string): Element {
  const bare = xml.replace(/^<\?xml [^?]*\?>\s*/, '');
  if (/<[!?]/.test(bare)) throw refuse('declarations, comments, CDATA and instructions have no place in it');
  try {
    const root = new DOMParser({ onError: onErrorStopParsing }).parseFromString(bare, 'text/xml').documentElement;
    if (root !== null) return root;
  } catch (error) {
    throw refuse('not well-formed', error);
  }
  throw refuse('empty');
}

function checkRequest(root: Element, ssoUrl: string, providers: readonly ServiceProvider[]): AuthnRequest {
  const optional = (name: string): string | null => (root.hasAttribute(name) ? root.getAttribute(name) : null);
  if (root.namespaceURI !== NS.protocol || root.localName !== 'AuthnRequest') throw refuse('another element');
  if (root.getAttribute('Version') !== '2.0') throw refuse('Version is not 2.0');
  const id = root.getAttribute('ID') ?? '';
  if (!NCNAME.test(id)) throw refuse('ID is no NCName of at most 128 characters');
  if (!['', ssoUrl].includes(optional('Destination') ?? '')) throw refuse('Destination is another place');
  if (!['', BINDING.post].includes(optional('ProtocolBinding') ?? '')) throw refuse('ProtocolBinding is not HTTP-POST');
  if (['true', '1'].includes(optional('IsPassive') ?? '')) throw refuse('IsPassive, but nobody is remembered here');

  const children = [...root.childNodes].filter((node): node is Element => node.nodeType === node.ELEMENT_NODE);
  const issuers = children.filter((node) => node.namespaceURI === NS.assertion && node.localName === 'Issuer');
  const entityId = issuers[0]?.textContent?.trim();
  if (issuers.length !== 1) throw refuse('not exactly one Issuer');
  const provider = providers.find((known) => known.entityId === entityId);
  if (provider === undefined) throw refuse('its Issuer is not registered');
  if (![null, provider.acs].includes(optional('AssertionConsumerServiceURL'))) {
    throw refuse('AssertionConsumerServiceURL is not the registered one');
  }
  const format = children.find((node) => node.localName === 'NameIDPolicy')?.getAttribute('Format') ?? '';
  if (!['', ANY_FORMAT, EMAIL_ADDRESS].includes(format)) throw refuse('NameIDPolicy asks for another format');
  return { id, provider };
}
