import { z } from 'zod';
import { portRange, slug } from './private-app.ts';

export const accessMethod = z.enum(['browser', 'agent']);
export type AccessMethod = z.infer<typeof accessMethod>;

/**
 * One rule of the real-time policy. An absent condition matches everything; a present one matches when any of its
 * entries does; all present conditions must match. The first matching rule in order decides; the default is a block
 * without a notice, which looks like an app that does not exist.
 */
export const policyRule = z
  .strictObject({
    name: slug,
    users: z.array(z.string().min(1)).optional(),
    groups: z.array(z.string().min(1)).optional(),
    apps: z.array(slug).optional(),
    tags: z.array(slug).optional().describe('apps that carry any of these tags'),
    ports: z.array(portRange).optional(),
    methods: z.array(accessMethod).optional(),
    action: z.enum(['allow', 'block']),
    notice: z.string().min(1).max(500).optional().describe('what a blocked person is told'),
    template: slug.optional().describe('the block template whose notice a blocked person is told'),
  })
  .refine((rule) => rule.template === undefined || (rule.action === 'block' && rule.notice === undefined), {
    message: 'only a block without a notice of its own has a template',
    path: ['template'],
  })
  .refine((rule) => rule.notice === undefined || rule.action === 'block', {
    message: 'only a block has a notice',
    path: ['notice'],
  });
export type PolicyRule = z.infer<typeof policyRule>;

/** Who asks. A browser's principal comes from a login, an agent's from the device's binding to a person. */
export const principal = z.strictObject({
  user: z.string(),
  displayName: z.string(),
  groups: z.array(z.string()),
  method: accessMethod,
  device: z.strictObject({ id: z.string(), name: z.string() }).optional(),
  /** Milliseconds since 1970. */
  authenticatedAt: z.number(),
  /** The login session, or `device:<id>`; what is revoked by it is cut. */
  session: z.string(),
});
export type Principal = z.infer<typeof principal>;

/** The same object goes to the log, the block page, the event and `explain`, under one decision id. */
export interface Verdict {
  readonly action: 'allow' | 'block';
  /** The rule's name, `null` for the default. */
  readonly rule: string | null;
  readonly why: string;
  /** Present only where the person is to be told. */
  readonly notify?: string;
}
