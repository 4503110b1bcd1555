import { z } from '@hono/zod-openapi';
import { OBJECT_KINDS, type ObjectKind } from '@causeway/contract';
import { KINDS } from '../../objects/kinds/kinds.ts';

/** The kinds' own schemas under the names that the OpenAPI document has for them. */
const NAMED = Object.fromEntries(
  OBJECT_KINDS.map((kind) => [kind, (KINDS[kind].schema as z.ZodType).meta({ id: kind })]),
) as unknown as { readonly [K in ObjectKind]: (typeof KINDS)[K]['schema'] };

export function kindSchema<K extends ObjectKind>(kind: K): (typeof NAMED)[K] {
  return NAMED[kind];
}

const certificate = KINDS.certificates.schema as unknown as z.ZodObject;
const writtenCertificate = certificate
  .safeExtend({
    key: z
      .string()
      .max(16 * 1024)
      .optional()
      .describe('PEM, never answered: the private key. Absent where the store has it already, as after a renewal'),
  })
  .meta({ id: 'certificates-written' });

/** As `kindSchema`, with what may be written and is never read. */
export function writtenSchema<K extends ObjectKind>(kind: K): (typeof NAMED)[K] {
  return kind === 'certificates' ? (writtenCertificate as unknown as (typeof NAMED)[K]) : NAMED[kind];
}

export const changeComment = z.string().max(1_000).default('');

export const objectKind = z.enum(OBJECT_KINDS);

export const objectDifference = z
  .object({ path: z.string(), before: z.unknown().optional(), after: z.unknown().optional() })
  .meta({ id: 'Difference' });

export const outcome = z
  .object({
    kind: objectKind,
    name: z.string(),
    outcome: z.enum(['created', 'updated', 'moved', 'deleted', 'unchanged']),
    revision: z.int(),
    diff: z.array(objectDifference),
  })
  .meta({ id: 'Outcome' });
