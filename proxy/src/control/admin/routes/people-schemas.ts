import { z } from '@hono/zod-openapi';
import { time } from '../page.ts';

export const user = z
  .object({
    id: z.string(),
    idp: z.string(),
    userName: z.string(),
    displayName: z.string(),
    active: z.boolean(),
    ou: z.string().nullable(),
    source: z
      .enum(['scim', 'saml', 'local'])
      .describe('who says that this person is there: the provider, a login, an administrator'),
    seenAt: time.nullable(),
    createdAt: time,
    updatedAt: time,
    revision: z.int(),
  })
  .meta({ id: 'User' });

export const person = user.extend({ email: z.string().nullable(), groups: z.array(z.string()) }).meta({ id: 'Person' });

export const group = z
  .object({
    id: z.string(),
    idp: z.string(),
    name: z.string(),
    source: z.enum(['scim', 'local']).describe('who keeps it: the provider, or an administrator'),
    createdAt: time,
    updatedAt: time,
    revision: z.int(),
  })
  .meta({ id: 'Group' });
