import type { Directory } from '../directory/directory.ts';
import type { DirectoryGroup, GroupMember } from '../directory/records.ts';
import { membersPage } from '../directory/search.ts';
import { entityTag } from './entity-tags.ts';
import type { Projection } from './projection.ts';
import { LIST_RESPONSE } from './scim-json.ts';
import { GROUP } from './schemas.ts';

export interface GroupTextOptions {
  readonly directory: Directory;
  readonly base: string;
  readonly shown: Projection;
}

/** Members read, and sent, at once. */
const PAGE = 1_000;

/** A group as JSON, piece by piece, so that its size costs no memory. */
export async function* groupText(options: GroupTextOptions, group: DirectoryGroup): AsyncGenerator<string> {
  const { base, shown } = options;
  const head = shown.apply({
    schemas: [GROUP],
    id: group.id,
    displayName: group.name,
    ...(group.externalId === null ? {} : { externalId: group.externalId }),
    meta: {
      resourceType: 'Group',
      created: new Date(group.createdAt).toISOString(),
      lastModified: new Date(group.updatedAt).toISOString(),
      location: `${base}/Groups/${group.id}`,
      version: entityTag(group.version),
    },
  });
  const text = JSON.stringify(head);
  if (!shown.has('members')) {
    yield text;
    return;
  }
  yield `${text.slice(0, -1)},"members":[`;
  yield* membersText(options, group);
  yield ']}';
}

async function* membersText(
  { directory, base, shown }: GroupTextOptions,
  group: DirectoryGroup,
): AsyncGenerator<string> {
  const member = ({ id, displayName }: GroupMember): string => {
    const value = { value: id, display: displayName, type: 'User', $ref: `${base}/Users/${id}` };
    const { members } = shown.apply({ members: [value] }) as { members?: [object] };
    return JSON.stringify(members?.[0] ?? {});
  };
  for (let after: string | null = null; ;) {
    const page: GroupMember[] = await directory.read((db) => membersPage(db, group.id, after, PAGE));
    if (page.length > 0) yield `${after === null ? '' : ','}${page.map(member).join(',')}`;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    after = last.id;
  }
}

export async function* listText(
  options: GroupTextOptions,
  groups: readonly DirectoryGroup[],
  { total, startIndex }: { readonly total: number; readonly startIndex: number },
): AsyncGenerator<string> {
  const head = { schemas: [LIST_RESPONSE], totalResults: total, startIndex, itemsPerPage: groups.length };
  yield `${JSON.stringify(head).slice(0, -1)},"Resources":[`;
  for (const [i, group] of groups.entries()) {
    if (i > 0) yield ',';
    yield* groupText(options, group);
  }
  yield ']}';
}
