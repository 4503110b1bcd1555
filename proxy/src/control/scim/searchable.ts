import type { GroupBuilder, UserBuilder } from '../directory/search.ts';
import type { Condition, Column, Lookup, Rows } from './filter-sql.ts';
import { SEARCHED_CORE, SEARCHED_ENTERPRISE, SEARCHED_LISTS } from './user-resource.ts';

/** Where the attributes are that a filter may ask for. */
const USER_COLUMNS: ReadonlyMap<string, Column> = new Map<string, Column>([
  ['id', { t: 'id', ref: 'directory_user.seq', kind: 'u' }],
  ['username', { t: 'key', ref: 'directory_user.user_key' }],
  ['displayname', { t: 'key', ref: 'directory_user.display_key' }],
  ['externalid', { t: 'exact', ref: 'directory_user.external_id' }],
  ['active', { t: 'bool', ref: 'directory_user.active' }],
  ['meta.created', { t: 'time', ref: 'directory_user.created_at' }],
  ['meta.lastmodified', { t: 'time', ref: 'directory_user.updated_at' }],
]);

const GROUP_COLUMNS: ReadonlyMap<string, Column> = new Map<string, Column>([
  ['id', { t: 'id', ref: 'directory_group.seq', kind: 'g' }],
  ['displayname', { t: 'key', ref: 'directory_group.name_key' }],
  ['externalid', { t: 'exact', ref: 'directory_group.external_id' }],
  ['meta.created', { t: 'time', ref: 'directory_group.created_at' }],
  ['meta.lastmodified', { t: 'time', ref: 'directory_group.updated_at' }],
]);

const VALUE: Column = { t: 'key', ref: 'directory_value.value_key' };
const LIST_PARTS: ReadonlyMap<string, Column> = new Map<string, Column>([
  ['', VALUE],
  ['value', VALUE],
  ['type', { t: 'key', ref: 'directory_value.kind' }],
  ['primary', { t: 'bool', ref: 'directory_value.main' }],
]);
const ONE_VALUE: ReadonlyMap<string, Column> = new Map([['', VALUE]]);

const LISTS: ReadonlySet<string> = new Set(SEARCHED_LISTS.map((name) => name.toLowerCase()));
const SINGLES: ReadonlySet<string> = new Set(
  [...SEARCHED_CORE, ...SEARCHED_ENTERPRISE].map((name) => name.toLowerCase()),
);

export function userLookup(e: UserBuilder): Lookup {
  return (attribute, sub) => {
    const column = USER_COLUMNS.get(sub === null ? attribute : `${attribute}.${sub}`);
    if (column !== undefined) return column;
    if (LISTS.has(attribute)) return values(e, attribute, LIST_PARTS);
    if (SINGLES.has(attribute) && sub === null) return values(e, attribute, ONE_VALUE);
    if (attribute === 'name' && sub !== null) return values(e, `name.${sub}`, part(sub));
    if (attribute === 'manager') return values(e, 'manager.value', new Map([...part('value'), ['', VALUE]]));
    return attribute === 'groups' ? groupsOf(e) : null;
  };
}

export function groupLookup(e: GroupBuilder): Lookup {
  return (attribute, sub) => {
    const column = GROUP_COLUMNS.get(sub === null ? attribute : `${attribute}.${sub}`);
    if (column !== undefined) return column;
    return attribute === 'members' ? membersOf(e) : null;
  };
}

const part = (sub: string): ReadonlyMap<string, Column> => new Map([[sub, VALUE]]);

function values(e: UserBuilder, path: string, columns: ReadonlyMap<string, Column>): Rows {
  return {
    t: 'rows',
    columns,
    having: (condition) => {
      const rows = e.selectFrom('directory_value').select('user_seq').where('path', '=', path);
      return e('directory_user.seq', 'in', narrowed(rows, condition));
    },
  };
}

function groupsOf(e: UserBuilder): Rows {
  const id: Column = { t: 'id', ref: 'directory_member.group_seq', kind: 'g' };
  return {
    t: 'rows',
    columns: new Map<string, Column>([
      ['', id],
      ['value', id],
      ['display', { t: 'key', ref: 'directory_group.name_key' }],
    ]),
    having: (condition) => {
      const rows = e
        .selectFrom('directory_member')
        .innerJoin('directory_group', 'directory_group.seq', 'directory_member.group_seq')
        .select('directory_member.user_seq')
        .where('directory_group.source', '=', 'scim');
      return e('directory_user.seq', 'in', narrowed(rows, condition));
    },
  };
}

function membersOf(e: GroupBuilder): Rows {
  const id: Column = { t: 'id', ref: 'directory_member.user_seq', kind: 'u' };
  return {
    t: 'rows',
    columns: new Map<string, Column>([
      ['', id],
      ['value', id],
    ]),
    having: (condition) => {
      const rows = e.selectFrom('directory_member').select('group_seq');
      return e('directory_group.seq', 'in', narrowed(rows, condition));
    },
  };
}

function narrowed<Q extends { where(condition: Condition): Q }>(rows: Q, condition: Condition | null): Q {
  return condition === null ? rows : rows.where(condition);
}
