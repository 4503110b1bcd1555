import { createHash } from 'node:crypto';
import type { ObjectKind } from '@causeway/contract';
import { REFERENCES } from '../../config/references.ts';
import type { ObjectBody } from './kinds/kind.ts';
import { KINDS } from './kinds/kinds.ts';

/** What is kept beside a body so that lists can be searched without reading it. */
export interface Searchable {
  /** SHA-256, base64url. */
  readonly digest: string;
  readonly words: string;
  readonly terms: string;
  /** The body as JSON. */
  readonly text: string;
}

/** Longer text is found by its beginning only. */
const MAX_WORDS = 4_096;

/** Fields that lists of the kind can be filtered by. */
export function filterFields(kind: ObjectKind): string[] {
  const references = REFERENCES.filter(({ from }) => from === kind).map(({ field }) => field);
  return [...new Set([...references, ...KINDS[kind].fields])];
}

export function searchable(kind: ObjectKind, body: ObjectBody): Searchable {
  const text = JSON.stringify(body);
  const pairs = filterFields(kind).flatMap((field) => valuesAt(body, field.split('.')).map((value) => [field, value]));
  const description = 'description' in body && typeof body.description === 'string' ? body.description : '';
  const words = [body.name, description, ...pairs.map(([, value]) => value)]
    .join('\n')
    .replaceAll('\0', '')
    .toLowerCase();
  return {
    digest: createHash('sha256').update(text).digest('base64url'),
    words: words.slice(0, MAX_WORDS),
    terms:
      pairs.length === 0 ? '' : `\n${pairs.map(([field, value]) => `${field}=${value}`).join('\n')}\n`.toLowerCase(),
    text,
  };
}

function valuesAt(value: unknown, path: readonly string[]): string[] {
  if (Array.isArray(value)) return value.flatMap((entry) => valuesAt(entry, path));
  const [key, ...rest] = path;
  if (key !== undefined) {
    const inner: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
    return valuesAt(inner, rest);
  }
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return [];
  // A line break would end the term in the middle, and PostgreSQL's text has no NUL.
  return [String(value).replaceAll('\n', ' ').replaceAll('\0', '')];
}
