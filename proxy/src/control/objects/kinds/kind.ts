import { z } from 'zod';
import type { ObjectKind } from '@causeway/contract';

/** Any object as its schema left it: JSON, every default filled in. */
export interface ObjectBody {
  readonly name: string;
}

/** What the store knows of a kind. */
export interface Kind<B extends ObjectBody = ObjectBody> {
  readonly kind: ObjectKind;
  readonly schema: z.ZodType<B>;
  /** Whether the place among its own kind means something: of rules and profiles the first that matches decides. */
  readonly ordered: boolean;
  /** Fields besides the references that lists can be filtered by and searched in; a dot leads into an object. */
  readonly fields: readonly string[];
}

/** Free text of one line or a few, as people write beside a name. */
export const description = z.string().max(200).default('');

/** Whom a profile is for; the words of rules. Absent conditions match everybody. */
export const audience = {
  users: z.array(z.string().min(1).max(320)).min(1).max(1_000).optional(),
  groups: z.array(z.string().min(1).max(320)).min(1).max(1_000).optional(),
  ous: z.array(z.string().min(1).max(1_000)).min(1).max(1_000).optional().describe('units, each with all below it'),
};
