import { z } from 'zod';
import { fqdn, slug } from '@causeway/contract';
import { parseMetadata } from '../../identity/saml/metadata.ts';
import { description, type Kind } from './kind.ts';

const attribute = z.string().min(1).max(500);

/** An identity provider besides the first one, which the configuration file names. */
const identityProvider = z.strictObject({
  name: slug,
  description,
  metadata: z
    .string()
    .max(256 * 1024)
    .superRefine((xml, context) => {
      try {
        parseMetadata(xml);
      } catch (error) {
        context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : 'cannot be read' });
      }
    })
    .describe('its SAML 2.0 metadata, the XML itself'),
  groupsAttribute: attribute.default('groups'),
  displayNameAttribute: attribute.default('displayName'),
  domains: z.array(fqdn).max(1_000).default([]).describe('people whose names end in @ and one of these sign in here'),
});
export type IdentityProviderObject = z.output<typeof identityProvider>;

export const idpKind: Kind<IdentityProviderObject> = {
  kind: 'idps',
  schema: identityProvider,
  ordered: false,
  fields: ['domains'],
};
