import { X509Certificate } from 'node:crypto';
import { CausewayError, isLocalhostName } from '@causeway/contract';
import { child, children, is, NS, parseXml, textOf, type Element } from './dom.ts';

/** What we know of the identity provider, from its SAML 2.0 metadata (saml-metadata-2.0-os §2.4.3). */
export interface IdentityProvider {
  readonly entityId: string;
  /** Where an AuthnRequest goes by the HTTP-Redirect binding. */
  readonly ssoUrl: string;
  /** PEM; several while the provider rolls its key over. */
  readonly certificates: readonly string[];
}

const MAX_BYTES = 1024 * 1024;
const MAX_CERTIFICATES = 20;
const REDIRECT = 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect';

const refuse = (what: string, cause?: unknown): never => {
  throw new CausewayError('CW_CONFIG_INVALID', `identity provider metadata: ${what}`, { cause });
};

/** Throws `CW_CONFIG_INVALID` that says what is missing or wrong; a document with several providers is refused. */
export function parseMetadata(xml: string): IdentityProvider {
  if (xml.length > MAX_BYTES) refuse(`larger than ${MAX_BYTES} bytes`);
  if (xml.includes('<!DOCTYPE') || xml.includes('<!ENTITY')) refuse('it holds a DTD');
  let root: Element;
  try {
    root = parseXml(xml.startsWith('\u{feff}') ? xml.slice(1) : xml);
  } catch (error) {
    return refuse('it is not well-formed XML', error);
  }
  const entity = entityOf(root);
  const descriptor = child(entity, NS.metadata, 'IDPSSODescriptor') ?? refuse('it has no IDPSSODescriptor');
  const entityId = entity.getAttribute('entityID') ?? '';
  if (entityId === '' || entityId.length > 1024) refuse('it has no entityID');
  return { entityId, ssoUrl: ssoUrlOf(descriptor), certificates: certificatesOf(descriptor) };
}

function entityOf(root: Element): Element {
  if (is(root, NS.metadata, 'EntityDescriptor')) return root;
  if (!is(root, NS.metadata, 'EntitiesDescriptor')) return refuse('its root is no EntityDescriptor');
  const providers = children(root, NS.metadata, 'EntityDescriptor').filter(
    (entity) => children(entity, NS.metadata, 'IDPSSODescriptor').length > 0,
  );
  if (providers.length !== 1) refuse(`it describes ${providers.length} identity providers, not one`);
  return providers[0] ?? refuse('it describes no identity provider');
}

function ssoUrlOf(descriptor: Element): string {
  const service = children(descriptor, NS.metadata, 'SingleSignOnService').find(
    (element) => element.getAttribute('Binding') === REDIRECT,
  );
  const location = service?.getAttribute('Location') ?? '';
  const url = URL.parse(location) ?? refuse('it has no SingleSignOnService with the HTTP-Redirect binding');
  const loopback = isLocalhostName(url.hostname) || url.hostname === '127.0.0.1' || url.hostname === '[::1]';
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && loopback))
    refuse('its SingleSignOnService is no https URL');
  return location;
}

function certificatesOf(descriptor: Element): string[] {
  const found = new Set<string>();
  for (const key of children(descriptor, NS.metadata, 'KeyDescriptor')) {
    const use = key.getAttribute('use');
    if (use !== null && use !== '' && use !== 'signing') continue;
    const info = child(key, NS.signature, 'KeyInfo');
    for (const data of info === null ? [] : children(info, NS.signature, 'X509Data')) {
      for (const element of children(data, NS.signature, 'X509Certificate')) found.add(pemOf(textOf(element) ?? ''));
    }
  }
  if (found.size === 0) refuse('it has no signing certificate');
  if (found.size > MAX_CERTIFICATES) refuse(`it has more than ${MAX_CERTIFICATES} certificates`);
  return [...found];
}

/**
 * The provider's key is trusted because the metadata names it (saml-metadata-2.0-os §4.1); the certificate's own dates
 * and issuer say nothing. What could be forged by arithmetic is refused.
 */
function pemOf(base64: string): string {
  const lines = base64.replace(/\s+/g, '').match(/.{1,64}/g) ?? [];
  const pem = `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(pem);
  } catch (error) {
    return refuse('a certificate cannot be read', error);
  }
  const key = certificate.publicKey;
  if (key.asymmetricKeyType !== 'rsa' || (key.asymmetricKeyDetails?.modulusLength ?? 0) < 2048) {
    refuse('a signing key is not RSA of 2048 bits or more');
  }
  return pem;
}
