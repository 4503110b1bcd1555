import type { Kysely } from 'kysely';
import { CausewayError, OBJECT_KINDS, type PolicyRule, type PrivateApp } from '@causeway/contract';
import { impact, type PolicyState } from '../analysis/impact.ts';
import type { ImpactPage, ShadowedPolicyRule } from '../analysis/model.ts';
import { shadowedPolicyRules } from '../analysis/shadowed.ts';
import type { ContentText } from '../objects/chunks.ts';
import { differingContents, type ContentDifference } from '../objects/differing-contents.ts';
import { KINDS, type BodyOf } from '../objects/kinds/kinds.ts';
import type { Page } from '../objects/model.ts';
import { toBody } from '../objects/object-rows.ts';
import type { PreparedChange } from '../objects/prepared-change.ts';
import { searchable } from '../objects/searchable.ts';
import type { StoreLocation } from '../store/database.ts';
import type { StoreTables } from '../store/schema.ts';
import { withNotices } from './compile.ts';
import type {
  DifferencesArguments,
  EntriesArguments,
  ImpactJobArguments,
  PageArguments,
  Restoration,
  SnapshotEntry,
  State,
} from './job.ts';
import { LastAnswers } from './last-answers.ts';
import { reading } from './reading.ts';
import {
  lastSnapshot,
  snapshotContents,
  snapshotPage,
  workingContents,
  workingVersion,
  type ContentTexts,
} from './stored-contents.ts';

/** What the thread answers about states of the configuration; all of it blocks. */

const MAX_LIMIT = 500;
const answers = new LastAnswers();

/** A snapshot's objects of one kind, in their order. A cursor is the chunk and the object in it that come next. */
export async function entries(
  location: StoreLocation,
  { number, kind, limit, cursor = '0.0' }: EntriesArguments,
): Promise<Page<SnapshotEntry>> {
  checkLimit(limit);
  const [, chunk, entry] = /^(\d{1,9})\.(\d{1,9})$/.exec(cursor) ?? refuse('cursor', 'not one of ours');
  const from = { chunk: Number(chunk), entry: Number(entry) };
  const page = await reading(location, (db) => snapshotPage(db, { number, kind, from, limit }));
  return {
    items: page.entries.map(({ managedBy, body }) => ({ name: body.name, managedBy, body })),
    next: page.next === null ? null : `${page.next.chunk}.${page.next.entry}`,
  };
}

/** What became of which object between two states. */
export async function differencesBetween(
  location: StoreLocation,
  { before, after, ...page }: DifferencesArguments,
): Promise<Page<ContentDifference>> {
  const all = await reading(location, async (db) => {
    const key = JSON.stringify([location, before, after, await workingVersion(db), await lastSnapshot(db)]);
    return answers.get('differences', key, async () =>
      differingContents(await stateContents(db, before), await stateContents(db, after)),
    );
  });
  return slice(all, page);
}

/** What brings the API's objects back to what they were in a snapshot; the file's are the file's. */
export async function restoration(location: StoreLocation, { number }: { number: number }): Promise<Restoration> {
  const { version, now, past } = await reading(location, async (db) => ({
    version: await workingVersion(db),
    now: await workingContents(db),
    past: await snapshotContents(db, number),
  }));
  const changes: PreparedChange[] = [];
  const skipped: Restoration['skipped'][number][] = [];
  const order: Restoration['order'] = {};
  for (const kind of OBJECT_KINDS) {
    const present = new Map(now[kind].map((entry) => [entry.name, entry]));
    const own: ContentText[] = [];
    for (const entry of past[kind]) {
      if (entry.managedBy === 'file' || present.get(entry.name)?.managedBy === 'file') {
        if (present.get(entry.name)?.text !== entry.text) skipped.push({ kind, name: entry.name });
      } else own.push(entry);
    }
    for (const { name, text } of own) {
      if (present.get(name)?.text === text) continue;
      changes.push({ kind, name, ifRevision: undefined, put: searchable(kind, toBody(text)), position: undefined });
    }
    const names = own.map(({ name }) => name);
    const kept = new Set(names);
    for (const { name, managedBy } of now[kind]) {
      if (managedBy === 'file' || kept.has(name)) continue;
      changes.push({ kind, name, ifRevision: undefined, put: null, position: undefined });
    }
    if (KINDS[kind].ordered && names.length > 0) Object.assign(order, { [kind]: names });
  }
  return { changes, order, version, skipped };
}

/** Rules of the working set that can never decide. */
export async function shadowed(location: StoreLocation, page: PageArguments): Promise<Page<ShadowedPolicyRule>> {
  const all = await reading(location, async (db) => {
    const key = JSON.stringify([location, await workingVersion(db)]);
    return answers.get('shadowed', key, async () => {
      const { apps, rules } = policyOf(await workingContents(db));
      return shadowedPolicyRules(apps, rules);
    });
  });
  return slice(all, page);
}

/** Who would gain and who would lose if the working set were published. */
export async function impactOfDraft(location: StoreLocation, args: ImpactJobArguments): Promise<ImpactPage> {
  const [before, after] = await reading(location, async (db) => [
    policyOf(await snapshotContents(db, await lastSnapshot(db))),
    policyOf(await workingContents(db)),
  ]);
  if (before === undefined || after === undefined) throw new TypeError('nothing was read');
  return impact(before, after, args);
}

/** What was stored had passed its schema. */
export function policyOf(contents: ContentTexts): PolicyState {
  const templates = contents.templates.map(({ text }) => JSON.parse(text) as BodyOf<'templates'>);
  return {
    apps: contents.apps.map(({ text }) => JSON.parse(text) as PrivateApp),
    rules: withNotices(
      contents.rules.map(({ text }) => JSON.parse(text) as PolicyRule),
      templates,
    ),
  };
}

function stateContents(db: Kysely<StoreTables>, state: State): Promise<ContentTexts> {
  return state === 'working' ? workingContents(db) : snapshotContents(db, state);
}

/** A cursor is the number of entries that came before. */
function slice<T>(all: readonly T[], { limit, cursor = '0' }: PageArguments): Page<T> {
  checkLimit(limit);
  if (!/^\d{1,9}$/.test(cursor)) refuse('cursor', 'not one of ours');
  const from = Number(cursor);
  return { items: all.slice(from, from + limit), next: from + limit < all.length ? String(from + limit) : null };
}

function checkLimit(limit: number): void {
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) refuse('limit', `from 1 to ${MAX_LIMIT}`);
}

function refuse(path: string, message: string): never {
  throw new CausewayError('CW_INPUT_INVALID', `${path}: ${message}`, { problems: [{ path, message }] });
}
