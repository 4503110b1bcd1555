import { z } from 'zod';
import { slug } from '@causeway/contract';
import { description, type Kind } from './kind.ts';

/** A notice that many rules share: why something is blocked, and what the person can do about it. */
const blockTemplate = z.strictObject({
  name: slug,
  description,
  notice: z.string().min(1).max(500).describe('what a blocked person is told'),
});
export type BlockTemplate = z.output<typeof blockTemplate>;

export const templateKind: Kind<BlockTemplate> = {
  kind: 'templates',
  schema: blockTemplate,
  ordered: false,
  fields: ['notice'],
};
