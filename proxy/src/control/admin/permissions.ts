import type { ObjectKind } from '@causeway/contract';

/** What a route of the admin API can ask of its caller. `docs/admin-api.md` has the same table; a test compares. */
export const PERMISSIONS = [
  'apps:read',
  'apps:write',
  'policy:read',
  'policy:write',
  'policy:analyse',
  'dlp:read',
  'dlp:write',
  'idps:read',
  'idps:write',
  'settings:read',
  'settings:write',
  'snapshots:read',
  'snapshots:publish',
  'snapshots:restore',
  'people:read',
  'people:write',
  'sessions:read',
  'sessions:revoke',
  'devices:read',
  'devices:write',
  'publishers:read',
  'publishers:enrol',
  'publishers:revoke',
  'requests:read',
  'requests:create',
  'requests:decide',
  'pops:read',
  'tokens:read',
  'tokens:write',
  'service-tokens:read',
  'service-tokens:write',
  'scim-tokens:read',
  'scim-tokens:write',
  'roles:read',
  'roles:write',
  'audit:read',
  'events:read',
  'alerts:read',
  'alerts:write',
  'incidents:read',
  'incidents:write',
] as const;

export type Permission = (typeof PERMISSIONS)[number];

export const ROLES = ['owner', 'admin', 'policy-editor', 'auditor', 'helpdesk', 'read-only'] as const;

export type Role = (typeof ROLES)[number];

/** With these somebody could make themselves an owner: by a role, or by a provider that says who people are. */
const OWNERS_ALONE: readonly Permission[] = ['roles:write', 'idps:write', 'scim-tokens:write'];

const CONFIGURATION: readonly Permission[] = [
  'apps:read',
  'policy:read',
  'policy:analyse',
  'dlp:read',
  'idps:read',
  'settings:read',
  'snapshots:read',
];

const OPERATION: readonly Permission[] = [
  'people:read',
  'sessions:read',
  'devices:read',
  'publishers:read',
  'requests:read',
  'pops:read',
  'events:read',
  'alerts:read',
];

/** What each role may. */
export const ROLE_PERMISSIONS: Readonly<Record<Role, ReadonlySet<Permission>>> = {
  owner: new Set(PERMISSIONS),
  admin: new Set(PERMISSIONS.filter((permission) => !OWNERS_ALONE.includes(permission))),
  'policy-editor': new Set([
    ...CONFIGURATION,
    ...OPERATION,
    'apps:write',
    'policy:write',
    'dlp:write',
    'snapshots:publish',
  ]),
  auditor: new Set(PERMISSIONS.filter((permission) => /:(?:read|analyse)$/.test(permission))),
  helpdesk: new Set([
    ...OPERATION,
    'apps:read',
    'policy:read',
    'policy:analyse',
    'snapshots:read',
    'sessions:revoke',
    'devices:write',
    'requests:create',
    'requests:decide',
    'alerts:write',
  ]),
  'read-only': new Set([...CONFIGURATION, ...OPERATION]),
};

/** Each of these changes objects, or what is in force. */
export const CONFIGURING: readonly Permission[] = [
  'apps:write',
  'policy:write',
  'dlp:write',
  'idps:write',
  'settings:write',
  'snapshots:publish',
];

/** Objects that say who people are: changing them is as good as a role, and asks for the same proof. */
export function isDangerous(kind: ObjectKind): boolean {
  return OWNERS_ALONE.includes(kindPermission(kind, 'write'));
}

type Area = 'apps' | 'policy' | 'dlp' | 'idps' | 'settings';

const AREAS: Readonly<Record<ObjectKind, Area>> = {
  publishers: 'apps',
  apps: 'apps',
  certificates: 'apps',
  rules: 'policy',
  tags: 'policy',
  templates: 'policy',
  steering: 'policy',
  'forwarding-profiles': 'policy',
  'app-profiles': 'policy',
  'dlp-profiles': 'dlp',
  idps: 'idps',
  settings: 'settings',
};

/** What reading or writing objects of a kind needs. */
export function kindPermission(kind: ObjectKind, verb: 'read' | 'write'): Permission {
  return `${AREAS[kind]}:${verb}`;
}
