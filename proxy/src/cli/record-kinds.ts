/** What the API lists besides configuration objects: people, what they hold and do, and what runs. */
export interface RecordKind {
  /** Route of the list. */
  readonly list: string;
  /** Route of one by its `id`, which shows more than the list does. */
  readonly one?: string;
  /** Fields that name one to people, the first of which a list can be filtered by where `filtered`. */
  readonly names: readonly [string, ...string[]];
  readonly filtered?: boolean;
  /** Lists that come whole take no `limit`. */
  readonly whole?: boolean;
  /** Route of a list that belongs to one, by its `id`. */
  readonly members?: string;
  /** Fields that the table shows; a dot leads into an object. */
  readonly columns: readonly string[];
  /** Of lists that grow for ever: how many are shown unless somebody says otherwise. */
  readonly newest?: number;
}

const TOKEN = {
  names: ['name', 'id'],
  columns: ['id', 'name', 'role', 'createdBy', 'expiresAt', 'revokedAt'],
} as const;

export const RECORD_KINDS: Readonly<Record<string, RecordKind>> = {
  users: {
    list: 'GET /users',
    one: 'GET /users/{id}',
    names: ['userName', 'id'],
    filtered: true,
    columns: ['id', 'userName', 'displayName', 'active', 'ou', 'source', 'seenAt'],
  },
  groups: {
    list: 'GET /groups',
    one: 'GET /groups/{id}',
    names: ['name', 'id'],
    members: 'GET /groups/{id}/members',
    columns: ['id', 'name', 'idp', 'updatedAt'],
  },
  ous: { list: 'GET /ous', names: ['ou'], whole: true, columns: ['ou', 'people'] },
  sessions: {
    list: 'GET /sessions',
    names: ['id'],
    columns: ['id', 'user', 'groups', 'address', 'createdAt', 'expiresAt'],
  },
  devices: {
    list: 'GET /devices',
    one: 'GET /devices/{id}',
    names: ['name', 'id'],
    filtered: true,
    columns: ['id', 'name', 'user', 'state', 'os', 'clientVersion', 'seenAt'],
  },
  'publisher-status': {
    list: 'GET /publisher-status',
    names: ['name'],
    whole: true,
    columns: ['name', 'health', 'tunnels', 'workers', 'streams', 'since'],
  },
  'access-requests': {
    list: 'GET /access-requests',
    one: 'GET /access-requests/{id}',
    names: ['id'],
    columns: ['id', 'user', 'app', 'state', 'createdAt', 'decidedBy', 'expiresAt'],
  },
  pops: {
    list: 'GET /pops',
    names: ['name', 'id'],
    whole: true,
    columns: ['name', 'alive', 'snapshot', 'version', 'degraded', 'seenAt', 'id'],
  },
  'join-tokens': {
    list: 'GET /join-tokens',
    names: ['id', 'publisher'],
    whole: true,
    columns: ['id', 'publisher', 'expiresAt'],
  },
  tokens: { list: 'GET /tokens', ...TOKEN },
  'service-tokens': {
    list: 'GET /service-tokens',
    ...TOKEN,
    columns: ['id', 'name', 'apps', 'createdBy', 'expiresAt', 'revokedAt'],
  },
  'scim-tokens': {
    list: 'GET /scim-tokens',
    names: ['label', 'hash'],
    whole: true,
    columns: ['label', 'idp', 'createdAt', 'expiresAt', 'hash'],
  },
  'admin-roles': {
    list: 'GET /admin-roles',
    names: ['subject.name', 'id'],
    whole: true,
    columns: ['id', 'subject.kind', 'subject.name', 'role', 'createdBy', 'createdAt'],
  },
  roles: { list: 'GET /roles', names: ['role'], whole: true, columns: ['role', 'permissions'] },
  audit: {
    list: 'GET /audit',
    names: ['reference', 'id'],
    newest: 100,
    columns: ['id', 'at', 'actor', 'action', 'target', 'result', 'reference'],
  },
  snapshots: {
    list: 'GET /snapshots',
    names: ['number'],
    columns: ['number', 'publishedAt', 'publishedBy', 'objects', 'comment'],
  },
  'rule-hits': { list: 'GET /policy/hits', names: ['rule'], columns: ['rule', 'hits', 'lastAt'] },
  'shadowed-rules': { list: 'GET /policy/shadowed', names: ['rule'], columns: ['rule', 'by'] },
};
