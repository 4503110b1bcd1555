import { BINDING, EMAIL_ADDRESS, escapeXml, NS } from './xml.ts';

export const idpEntityId = (publicUrl: string): string => `${publicUrl}/metadata`;
export const idpSsoUrl = (publicUrl: string): string => `${publicUrl}/sso`;

/** SAML metadata of the development identity provider: what a PoP's `identityProvider.metadata` names. */
export function idpMetadata(publicUrl: string, certificate: string): string {
  const base64 = certificate.replace(/-----[A-Z ]+-----|\s/g, '');
  return `<?xml version="1.0" encoding="UTF-8"?>
<md:EntityDescriptor xmlns:md="${NS.metadata}" entityID="${escapeXml(idpEntityId(publicUrl))}">
  <md:IDPSSODescriptor WantAuthnRequestsSigned="false" protocolSupportEnumeration="${NS.protocol}">
    <md:KeyDescriptor use="signing">
      <ds:KeyInfo xmlns:ds="${NS.signature}">
        <ds:X509Data><ds:X509Certificate>${base64}</ds:X509Certificate></ds:X509Data>
      </ds:KeyInfo>
    </md:KeyDescriptor>
    <md:NameIDFormat>${EMAIL_ADDRESS}</md:NameIDFormat>
    <md:SingleSignOnService Binding="${BINDING.redirect}" Location="${escapeXml(idpSsoUrl(publicUrl))}"/>
  </md:IDPSSODescriptor>
</md:EntityDescriptor>
`;
}
