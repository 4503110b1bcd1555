import { randomBytes } from 'node:crypto';
import { z } from '@hono/zod-openapi';

/** `t_` and 16 random bytes: names a thing for good, and says nothing. */
export function newId(prefix: string): string {
  return `${prefix}_${randomBytes(16).toString('base64url')}`;
}

/** Any id of ours in a path. */
export const idParam = z.object({ id: z.string().min(1).max(100) });

/** Free text of one line: no control characters, which would mislead whoever reads a log. */
export const line = (max: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(max)
    .regex(/^[^\p{Cc}]*$/u, 'no control characters');
