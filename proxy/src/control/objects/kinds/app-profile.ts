import { z } from 'zod';
import { hostPattern, slug } from '@causeway/contract';
import { audience, description, type Kind } from './kind.ts';

const secretName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9./-]{0,199}$/, 'the name of a secret')
  .describe('name of a sealed secret; never the secret itself');

/**
 * How the agent on a device behaves. The first enabled profile in order whose operating system and audience fit is the
 * device's: specific people first, then groups, at last one for everybody.
 */
const appProfile = z.strictObject({
  name: slug,
  description,
  enabled: z.boolean().default(true),
  os: z
    .array(z.enum(['linux', 'macos', 'windows', 'android', 'ios']))
    .min(1)
    .max(5)
    .optional(),
  ...audience,
  forwardingProfile: slug,
  steering: slug.optional().describe('instead of the first steering configuration whose audience fits'),
  bypass: z.array(hostPattern).max(1_000).default([]).describe('gateways of other VPNs, reached past the tunnel'),
  logout: z.enum(['allowed', 'password', 'never']).default('allowed'),
  disable: z.enum(['allowed', 'password', 'never']).default('allowed'),
  passwordSecret: secretName.optional().describe('the password that logout and disable ask for'),
  reenableMinutes: z.number().int().min(1).max(1_440).optional().describe('a disabled agent comes back by itself'),
});
export type AppProfile = z.output<typeof appProfile>;

export const appProfileKind: Kind<AppProfile> = {
  kind: 'app-profiles',
  schema: appProfile.refine(
    ({ logout, disable, passwordSecret }) =>
      passwordSecret !== undefined || (logout !== 'password' && disable !== 'password'),
    { message: 'what asks for a password needs one', path: ['passwordSecret'] },
  ),
  ordered: true,
  fields: ['users', 'groups', 'ous', 'os', 'enabled'],
};
