import { z } from 'zod';
import { slug, type ErrorProblem, type ObjectKind } from '@causeway/contract';
import { closest } from '../../config/closest.ts';
import type { ObjectBody } from './kinds/kind.ts';
import { KINDS } from './kinds/kinds.ts';

/** JSON of one object at most; identity provider metadata is the largest thing in one. */
const MAX_BODY = 512 * 1024;

/** The body with its defaults, or everything that is wrong with it. */
export function checkedBody(
  kind: ObjectKind,
  name: string,
  body: unknown,
): { readonly body: ObjectBody } | { readonly problems: ErrorProblem[] } {
  const problem = (path: string, message: string): ErrorProblem => ({ kind, name, path, message });
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return { problems: [problem('', 'an object')] };
  const named = 'name' in body ? body : { name, ...body };
  const wrong = slug.safeParse(name);
  if (!wrong.success) return { problems: wrong.error.issues.map(({ message }) => problem('name', message)) };
  if (named.name !== name) return { problems: [problem('name', `must be "${name}": a name never changes`)] };
  const parsed = KINDS[kind].schema.safeParse(named);
  if (!parsed.success) {
    return { problems: parsed.error.issues.flatMap((issue) => wordings(issue, kind).map((one) => problem(...one))) };
  }
  if (JSON.stringify(parsed.data).length > MAX_BODY)
    return { problems: [problem('', `larger than ${MAX_BODY} bytes`)] };
  return { body: parsed.data };
}

function wordings(issue: z.core.$ZodIssue, kind: ObjectKind): [string, string][] {
  const path = z.core.toDotPath(issue.path);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const meant = issue.path.length === 0 ? closest(key, topKeys(kind)) : null;
      const where = z.core.toDotPath([...issue.path, key]);
      return [where, `unknown key${meant === null ? '' : `; did you mean "${meant}"?`}`];
    });
  }
  if (issue.code === 'invalid_type' && issue.message.endsWith('received undefined')) {
    return [[path, `is missing (${issue.expected})`]];
  }
  return [[path, issue.message.replace(/^Invalid (?:input|option): /, '')]];
}

function topKeys(kind: ObjectKind): string[] {
  const { schema } = KINDS[kind];
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}
