import { z } from 'zod';
import { addressRange, hostPattern, portRange, slug } from './private-app.ts';
import { timeWindow } from './time-window.ts';

export const accessMethod = z.enum(['browser', 'agent']);
export type AccessMethod = z.infer<typeof accessMethod>;

/** Stands for the unit of a person of whom none is known. A rule cannot name it. */
export const UNKNOWN_UNIT = '(unknown)';
/** Of a path of units: characters, and how deep. */
export const UNIT_LIMITS = { characters: 255, depth: 64 } as const;

/** `corp/sales`: the path of an organisational unit from the top, without a slash at either end. */
export const organisationalUnit = z
  .string()
  .max(UNIT_LIMITS.characters)
  .regex(/^[^/]+(?:\/[^/]+)*$/, 'a path of units from the top, like corp/sales')
  .refine((path) => path.split('/').length <= UNIT_LIMITS.depth, `at most ${UNIT_LIMITS.depth} units deep`)
  .refine((path) => path !== UNKNOWN_UNIT, 'rules cannot name the unknown unit')
  .describe('a path of organisational units from the top: that unit and all below it');

/** Bodies are not looked at yet, so what a request does beyond being made cannot be told. */
const activity = z.literal('access', {
  error: (issue) =>
    ['upload', 'download', 'copy', 'paste'].includes(String(issue.input))
      ? `${String(issue.input)} cannot be told yet: a rule on it would promise what nothing keeps`
      : 'expected "access"',
});

/**
 * One rule of the real-time policy. An absent condition matches everything; a present one matches when any of its
 * entries does; all present conditions must match. The first matching rule in order decides; the default is a block
 * without a notice, which looks like an app that does not exist. A fact that is not known satisfies no condition of an
 * allow, and every condition of a block.
 */
export const policyRule = z
  .strictObject({
    name: slug,
    users: z.array(z.string().min(1)).optional(),
    groups: z.array(z.string().min(1)).optional(),
    ous: z.array(organisationalUnit).optional().describe('organisational units, of identityProvider.ouAttribute'),
    apps: z.array(slug).optional(),
    tags: z.array(slug).optional().describe('apps that carry any of these tags'),
    destinations: z
      .array(hostPattern)
      .optional()
      .describe('what the device asks for, or the upstream of a custom URL; names are not resolved'),
    ports: z.array(portRange).optional().describe('of the destination'),
    methods: z.array(accessMethod).optional(),
    activities: z.array(activity).optional(),
    sources: z.array(addressRange).optional().describe('the client’s address as the PoP sees it: IP, CIDR, from-to'),
    times: z.array(timeWindow).max(100).optional().describe('in the time zone of timeZone'),
    action: z.enum(['allow', 'block']),
    graceMinutes: z
      .number()
      .min(0)
      .max(24 * 60)
      .optional()
      .describe(
        'what it allows goes on for so long while nobody can say whether it still holds; session.graceMinutes where absent',
      ),
    notice: z
      .string()
      .min(1)
      .max(500)
      .optional()
      .describe(
        'what a blocked person is told, in which {{person}} and {{app}} are filled in; beside a template, what its {{rule}} stands for',
      ),
    template: slug.optional().describe('the block template whose notice a blocked person is told'),
  })
  .refine((rule) => rule.template === undefined || rule.action === 'block', {
    message: 'only a block has a template',
    path: ['template'],
  })
  .refine((rule) => rule.graceMinutes === undefined || rule.action === 'allow', {
    message: 'only an allow has a grace',
    path: ['graceMinutes'],
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
  /** Path of the organisational unit; absent where the identity provider named none. */
  ou: z.string().optional(),
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
