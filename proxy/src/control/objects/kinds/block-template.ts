import { z } from 'zod';
import { slug } from '@causeway/contract';
import { hasPlace, MAX_NOTICE, strangePlaces } from '../../../policy/notice-words.ts';
import { description, type Kind } from './kind.ts';

/** A notice that many rules share: why something is blocked, and what the person can do about it. */
const blockTemplate = z.strictObject({
  name: slug,
  description,
  notice: z
    .string()
    .min(1)
    .max(MAX_NOTICE)
    .superRefine((notice, context) => {
      for (const place of strangePlaces(notice)) {
        context.addIssue(`${place} is none of {{person}}, {{app}}, {{rule}} and {{contact}}`);
      }
    })
    .describe(
      'what a blocked person is told, plain text; {{person}}, {{app}}, {{rule}} (the notice of the rule that names this template) and {{contact}} are filled in',
    ),
  contact: z.string().min(1).max(200).optional().describe('whom to ask: what {{contact}} stands for'),
});
export type BlockTemplate = z.output<typeof blockTemplate>;

export const templateKind: Kind<BlockTemplate> = {
  kind: 'templates',
  schema: blockTemplate.refine(({ notice, contact }) => hasPlace(notice, 'contact') === (contact !== undefined), {
    message: 'is there where the notice has {{contact}}, and nowhere else',
    path: ['contact'],
  }),
  ordered: false,
  fields: ['notice'],
};
