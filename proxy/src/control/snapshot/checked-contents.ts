import { OBJECT_KINDS, type ErrorProblem, type ObjectKind } from '@causeway/contract';
import { z } from 'zod';
import { didYouMean } from '../../config/closest.ts';
import {
  objectChecks,
  type ObjectLists,
  type ObjectSurroundings,
  type Problem,
  type Report,
} from '../../config/object-checks.ts';
import { chunkOf, chunksOf, entriesOf, type Chunk } from '../objects/chunks.ts';
import { KINDS, type BodyOf } from '../objects/kinds/kinds.ts';
import type { ContentTexts } from './stored-contents.ts';

/** The bodies of every kind, each in its order. */
export type Bodies = { readonly [K in ObjectKind]: readonly BodyOf<K>[] };

export interface CheckedContents {
  readonly bodies: Bodies;
  /** The contents, cut into chunks, with the bodies as the schemas of this version left them. */
  readonly chunks: Readonly<Record<ObjectKind, readonly Chunk[]>>;
  readonly problems: readonly Problem[];
}

/** Bodies that passed their schemas in this thread, by the hash of their chunk. */
export type CheckedChunks = Map<string, readonly unknown[]>;

/**
 * Objects as this version understands them: what an earlier one stored is given the defaults of what came since.
 *
 * @param deployment what of the deployment the objects must go together with
 * @param known hashes of chunks that passed the schemas before, and so need not again
 * @param cache what the last contents had, of which most chunks are the same; then what these have
 */
export function checkContents(
  contents: ContentTexts,
  deployment: ObjectSurroundings,
  known: ReadonlySet<string>,
  cache: CheckedChunks = new Map(),
): CheckedContents {
  const present: CheckedChunks = new Map();
  const problems: Problem[] = [];
  const report: Report = (path, message, more = {}) =>
    void problems.push({ path, message, severity: 'error', ...more });
  const bodies: Record<string, unknown[]> = {};
  const chunks: Record<string, Chunk[]> = {};
  for (const kind of OBJECT_KINDS) {
    const own: unknown[] = [];
    chunks[kind] = chunksOf(contents[kind]).map(({ chunk, entries }) => {
      const first = own.length;
      const good = cache.get(chunk.hash) ?? (known.has(chunk.hash) ? bodiesOf(chunk) : null);
      if (good !== null) {
        present.set(chunk.hash, good);
        for (const body of good) own.push(body);
        return chunk;
      }
      for (const [i, body] of bodiesOf(chunk).entries()) {
        const checked = KINDS[kind].schema.safeParse(body);
        const issues = checked.error?.issues ?? [];
        for (const { path, message } of issues) report([kind, first + i, ...(path as (string | number)[])], message);
        own.push(checked.success ? checked.data : body);
      }
      const fresh = chunkOf(entries.map((entry, i) => ({ ...entry, text: JSON.stringify(own[first + i]) })));
      present.set(fresh.hash, own.slice(first));
      return fresh;
    });
    bodies[kind] = own;
  }
  const checked = {
    bodies: bodies as unknown as Bodies,
    chunks: chunks as unknown as CheckedContents['chunks'],
  };
  // What could not be read would seem to be missing.
  if (problems.length > 0) return { ...checked, problems };
  cache.clear();
  for (const [hash, good] of present) cache.set(hash, good);
  problems.push(...objectChecks(checked.bodies satisfies ObjectLists, deployment));
  checkCertificates(checked.bodies, report);
  checkOwners(checked.bodies, 'idps', ({ domains }) => domains, report);
  return { ...checked, problems };
}

function bodiesOf(chunk: Chunk): unknown[] {
  return entriesOf(chunk.text).map(({ body }) => body);
}

function checkCertificates(bodies: Bodies, report: Report): void {
  checkOwners(bodies, 'certificates', ({ hosts }) => hosts, report);
  const urls = new Set(bodies.apps.flatMap((app) => app.clientless?.urls ?? []));
  for (const [i, { hosts }] of bodies.certificates.entries()) {
    for (const [j, host] of hosts.entries()) {
      if (urls.has(host)) continue;
      const message = `no app has the custom URL ${host}${didYouMean(host, urls)}`;
      report(['certificates', i, 'hosts', j], message, { severity: 'warning' });
    }
  }
}

/** Names of which each may belong to one object alone. */
function checkOwners<K extends 'certificates' | 'idps'>(
  bodies: Bodies,
  kind: K,
  namesOf: (body: BodyOf<K>) => readonly string[],
  report: Report,
): void {
  const owners = new Map<string, string>();
  for (const [i, body] of bodies[kind].entries()) {
    for (const [j, name] of namesOf(body).entries()) {
      const owner = owners.get(name);
      const field = kind === 'idps' ? 'domains' : 'hosts';
      if (owner !== undefined) report([kind, i, field, j], `${name} belongs to ${owner} already`);
      owners.set(name, body.name);
    }
  }
}

/** A problem by the name of its object, where its path has the index. */
export function namedProblem({ path, message }: Problem, contents: ContentTexts): ErrorProblem {
  const [kind, index, ...rest] = path;
  const name = contents[kind as ObjectKind][Number(index)]?.name ?? '';
  return { kind: String(kind), name, path: z.core.toDotPath(rest), message };
}
