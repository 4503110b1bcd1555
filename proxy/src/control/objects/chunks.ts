import { createHash } from 'node:crypto';
import { OBJECT_KINDS, type ObjectKind } from '@causeway/contract';
import type { ObjectBody } from './kinds/kind.ts';

/** One object as a snapshot has it: what it is, and who manages it; not since when, nor in which revision. */
export interface ContentEntry {
  readonly managedBy: 'api' | 'file';
  readonly body: ObjectBody;
}

/** The same with its body as JSON, which is what the database gives and takes. */
export interface ContentText {
  readonly name: string;
  readonly managedBy: 'api' | 'file';
  readonly text: string;
}

export interface Chunk {
  /** SHA-256 of the text, base64url. */
  readonly hash: string;
  /** JSON: a list of `ContentEntry`. */
  readonly text: string;
}

/** Of each kind that has objects, the hashes of its chunks in order. */
export type Parts = Partial<Readonly<Record<ObjectKind, readonly string[]>>>;

const MEAN_ENTRIES = 256;
const MAX_ENTRIES = 1_024;

/**
 * Cuts a kind's objects, in their order, into groups of about 256, each of which becomes a chunk. Where one ends follows
 * from the names in it and not from their number, so that an object that comes, goes or changes changes one chunk, and
 * all others stay as they are.
 */
export function* groupsOf<T>(entries: Iterable<T>, nameOf: (entry: T) => string): Generator<T[], void, void> {
  let open: T[] = [];
  for (const entry of entries) {
    open.push(entry);
    if (open.length < MAX_ENTRIES && fnv1a(nameOf(entry)) % MEAN_ENTRIES !== 0) continue;
    yield open;
    open = [];
  }
  if (open.length > 0) yield open;
}

/** These entries as one chunk. */
export function chunkOf(entries: readonly ContentText[]): Chunk {
  const text = `[${entries.map(({ managedBy, text }) => `{"managedBy":"${managedBy}","body":${text}}`).join(',')}]`;
  return { hash: createHash('sha256').update(text).digest('base64url'), text };
}

/** Chunks that this module cut; their bodies passed their schemas then. */
export function entriesOf(text: string): ContentEntry[] {
  return JSON.parse(text) as ContentEntry[];
}

/** SHA-256, base64url: the same for the same objects in the same order, whoever put them there and when. */
export function digestOf(parts: Parts): string {
  const hash = createHash('sha256');
  for (const kind of OBJECT_KINDS) hash.update(`${kind}:${(parts[kind] ?? []).join(',')}\n`);
  return hash.digest('base64url');
}

/** FNV-1a, 32 bits. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
