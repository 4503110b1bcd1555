import { deflateRawSync } from 'node:zlib';
import type { IdentityProvider } from './metadata.ts';
import { NS } from './dom.ts';

const POST = 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST';

/** The two URLs by which identity providers know us. */
export interface ServiceProvider {
  readonly entityId: string;
  readonly acsUrl: string;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

function attribute(text: string): string {
  return text.replace(/[&<>"']/g, (c) => ENTITIES[c] ?? c);
}

/**
 * Where to send the browser: an AuthnRequest by the HTTP-Redirect binding (saml-bindings-2.0-os §3.4.4). RelayState is
 * a handle of ours and says nothing. The request is not signed: it asks for nothing that is not in our metadata.
 */
export function loginUrl(
  sp: ServiceProvider,
  idp: IdentityProvider,
  request: { requestId: string; relayState: string; now: number; proof?: boolean },
): string {
  const xml =
    `<samlp:AuthnRequest xmlns:samlp="${NS.protocol}" xmlns:saml="${NS.assertion}" ID="${request.requestId}"` +
    ` Version="2.0" IssueInstant="${new Date(request.now).toISOString()}" Destination="${attribute(idp.ssoUrl)}"` +
    (request.proof === true ? ' ForceAuthn="true"' : '') +
    ` AssertionConsumerServiceURL="${attribute(sp.acsUrl)}" ProtocolBinding="${POST}">` +
    `<saml:Issuer>${attribute(sp.entityId)}</saml:Issuer><samlp:NameIDPolicy AllowCreate="true"/></samlp:AuthnRequest>`;
  const url = new URL(idp.ssoUrl);
  url.searchParams.set('SAMLRequest', deflateRawSync(xml).toString('base64'));
  url.searchParams.set('RelayState', request.relayState);
  return url.href;
}

/** Our own metadata for the identity provider's administrator. */
export function metadataXml(sp: ServiceProvider): string {
  return (
    `<?xml version="1.0" encoding="UTF-8"?>\n` +
    `<md:EntityDescriptor xmlns:md="${NS.metadata}" entityID="${attribute(sp.entityId)}">` +
    `<md:SPSSODescriptor AuthnRequestsSigned="false" WantAssertionsSigned="true"` +
    ` protocolSupportEnumeration="${NS.protocol}">` +
    `<md:AssertionConsumerService Binding="${POST}" Location="${attribute(sp.acsUrl)}" index="0" isDefault="true"/>` +
    `</md:SPSSODescriptor></md:EntityDescriptor>\n`
  );
}
