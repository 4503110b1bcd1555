import { z } from 'zod';
import { invalid } from './scim-error.ts';

/** One operation of a PATCH, as sent: what the value is follows from the path. */
export interface PatchOperation {
  readonly op: 'add' | 'replace' | 'remove';
  readonly path: string | null;
  readonly value: unknown;
}

const MAX_OPERATIONS = 1_000;

/** Entra ID writes `Add`, `Replace` and `Remove`. */
const message = z.object({
  Operations: z
    .array(
      z.object({
        op: z
          .string()
          .transform((op) => op.toLowerCase())
          .pipe(z.enum(['add', 'replace', 'remove'])),
        path: z.string().max(4_096).nullish(),
        value: z.unknown().optional(),
      }),
    )
    .min(1)
    .max(MAX_OPERATIONS),
});

/** @throws ScimError `invalidSyntax` */
export function patchOperations(body: object): PatchOperation[] {
  const operations = Object.entries(body).find(([key]) => key.toLowerCase() === 'operations')?.[1] as unknown;
  const parsed = message.safeParse({ Operations: operations });
  if (!parsed.success) throw invalid('invalidSyntax', 'Operations is a list of 1 to 1000 add, replace or remove');
  return parsed.data.Operations.map(({ op, path, value }) => ({
    op,
    path: path === undefined || path === null || path.trim() === '' ? null : path,
    value,
  }));
}
