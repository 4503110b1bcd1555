import { z } from 'zod';
import { slug } from '@causeway/contract';
import { description, type Kind } from './kind.ts';

/**
 * What counts as sensitive, and from how many finds on something is done about it. Identifiers are names alone here:
 * which exist, and what they find, is content inspection's to say.
 */
const dlpProfile = z
  .strictObject({
    name: slug,
    description,
    identifiers: z.array(slug).min(1).max(100).describe('data identifiers, any of which counts'),
    actions: z
      .array(
        z.strictObject({
          from: z.number().int().min(1).max(1_000_000).describe('finds in one upload or download, at least'),
          action: z.enum(['alert', 'block']),
        }),
      )
      .min(1)
      .max(10)
      .describe('by rising threshold; the last that is reached decides'),
  })
  .refine(({ actions }) => actions.every(({ from }, i) => i === 0 || from > (actions[i - 1]?.from ?? 0)), {
    message: 'thresholds rise',
    path: ['actions'],
  });

export const dlpProfileKind: Kind<z.output<typeof dlpProfile>> = {
  kind: 'dlp-profiles',
  schema: dlpProfile,
  ordered: false,
  fields: ['identifiers'],
};
