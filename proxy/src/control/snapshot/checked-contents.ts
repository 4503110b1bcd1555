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
import { chunkOf, entriesOf, type ContentText } from '../objects/chunks.ts';
import { KINDS, type BodyOf } from '../objects/kinds/kinds.ts';
import { checkedOf, type CheckedChunk } from './checked-chunk.ts';
import { CheckedMemo } from './checked-memo.ts';
import { checkNotices } from './compile.ts';
import type { SourceGroups } from './working-groups.ts';

/** The bodies of every kind, each in its order. */
export type Bodies = { readonly [K in ObjectKind]: readonly BodyOf<K>[] };

export interface CheckedContents {
  readonly bodies: Bodies;
  /** The contents, cut into chunks, with the bodies as the schemas of this version left them. */
  readonly chunks: Readonly<Record<ObjectKind, readonly CheckedChunk[]>>;
  readonly problems: readonly Problem[];
}

/**
 * Objects as this version understands them: what an earlier one stored is given the defaults of what came since.
 *
 * @param deployment what of the deployment the objects must go together with
 * @param known hashes of chunks that passed the schemas before, and so need not again
 * @param memo what the last contents had, of which most is the same; then what these have
 */
export function checkContents(
  groups: SourceGroups,
  deployment: ObjectSurroundings,
  known: ReadonlySet<string>,
  memo: CheckedMemo,
): CheckedContents {
  const present = new CheckedMemo();
  const problems: Problem[] = [];
  const report: Report = (path, message, more = {}) =>
    void problems.push({ path, message, severity: 'error', ...more });
  const bodies: Record<string, unknown[]> = {};
  const chunks: Record<string, CheckedChunk[]> = {};
  for (const kind of OBJECT_KINDS) {
    const own: unknown[] = [];
    chunks[kind] = groups[kind].map(({ key, entries }) => {
      const checked =
        (key === null ? undefined : memo.byKey(key)) ??
        checkedChunk(kind, entries ?? [], own.length, known, memo, report);
      present.put(key, checked);
      for (const body of checked.bodies) own.push(body);
      return checked;
    });
    bodies[kind] = own;
  }
  const checked = {
    bodies: bodies as unknown as Bodies,
    chunks: chunks as unknown as CheckedContents['chunks'],
  };
  // What could not be read would seem to be missing.
  if (problems.length > 0) return { ...checked, problems };
  problems.push(...objectChecks(checked.bodies satisfies ObjectLists, deployment));
  checkNotices(checked.bodies, report);
  checkCertificates(checked.bodies, report);
  checkOwners(checked.bodies, 'idps', ({ domains }) => domains, report);
  memo.become(present);
  return { ...checked, problems };
}

function checkedChunk(
  kind: ObjectKind,
  entries: readonly ContentText[],
  first: number,
  known: ReadonlySet<string>,
  memo: CheckedMemo,
  report: Report,
): CheckedChunk {
  const chunk = chunkOf(entries);
  const same = memo.byHash(chunk.hash);
  if (same !== undefined) return same;
  const managedBy = entries.map((entry) => entry.managedBy);
  const stored = entriesOf(chunk.text).map(({ body }) => body);
  if (known.has(chunk.hash)) return checkedOf(chunk, managedBy, stored);
  const bodies = stored.map((body, i) => {
    const { success, data, error } = KINDS[kind].schema.safeParse(body);
    for (const { path, message } of error?.issues ?? []) {
      report([kind, first + i, ...(path as (string | number)[])], message);
    }
    return success ? data : body;
  });
  const fresh = entries.map((entry, i) => ({ ...entry, text: JSON.stringify(bodies[i]) }));
  return checkedOf(chunkOf(fresh), managedBy, bodies);
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
export function namedProblem(
  { path, message }: Problem,
  contents: Readonly<Partial<Record<ObjectKind, readonly { readonly name: string }[]>>>,
): ErrorProblem {
  const [kind, index, ...rest] = path;
  const name = contents[kind as ObjectKind]?.[Number(index)]?.name ?? '';
  return { kind: String(kind), name, path: z.core.toDotPath(rest), message };
}
