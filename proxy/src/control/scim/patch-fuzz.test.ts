import * as fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { groupSteps } from './group-patch.ts';
import { patchOperations } from './patch-operations.ts';
import { patchResource } from './patch-resource.ts';
import { ENTERPRISE, USER_SCHEMA } from './schemas.ts';
import { ScimError } from './scim-error.ts';
import { toUserInput } from './user-resource.ts';
import { cleanResource, type Resource } from './values.ts';

/** Whatever a client sends, a person stays one: known names only, or an error of SCIM, and no prototype is touched. */
afterEach(() => {
  const polluted = [...Object.keys(Object.prototype), ...('polluted' in {} ? ['polluted'] : [])];
  if (polluted.length > 0) throw new Error(`every object has ${polluted.join()} now`);
});

const names = fc.constantFrom(
  'userName',
  'active',
  'name',
  'name.givenName',
  'emails',
  'emails[type eq "work"]',
  'emails[type eq "work"].value',
  'emails[not (primary eq true)].type',
  'addresses[country sw "D"].street',
  'displayName',
  'members',
  'members[value eq "u1"]',
  ENTERPRISE,
  `${ENTERPRISE}:manager`,
  `${ENTERPRISE}:manager.value`,
  'schemas',
  'id',
  'meta.version',
  'groups',
  '__proto__',
  'constructor.prototype',
  'name.__proto__',
  `${ENTERPRISE}:__proto__`,
  'toString',
);
const leaves = fc.oneof(
  fc.string({ maxLength: 8 }),
  fc.boolean(),
  fc.integer(),
  fc.constantFrom(null, 'True', 'false', ''),
);
const keys = fc.oneof(
  names,
  fc.constantFrom('value', 'type', 'primary', 'givenName', '$ref', 'display', 'polluted', '__proto__'),
);
/** Made by JSON, as a request is: so `__proto__` is a key of its own. */
const json = fc
  .letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 3, depthSize: 'small' },
      leaves,
      fc.array(tie('value'), { maxLength: 4 }),
      fc.array(fc.tuple(keys, tie('value')), { maxLength: 4 }),
    ),
  }))
  .value.map((value) => JSON.parse(asJson(value)) as unknown);

function asJson(value: unknown): string {
  if (!Array.isArray(value)) return JSON.stringify(value);
  const isEntries =
    value.length > 0 && value.every((one) => Array.isArray(one) && one.length === 2 && typeof one[0] === 'string');
  if (!isEntries) return `[${value.map(asJson).join(',')}]`;
  const entries = value as readonly (readonly [string, unknown])[];
  return `{${entries.map(([key, one]) => `${JSON.stringify(key)}:${asJson(one)}`).join(',')}}`;
}

const operation = fc.record({
  op: fc.constantFrom('add', 'Replace', 'REMOVE', 'move'),
  path: fc.option(fc.oneof(names, fc.string({ maxLength: 12 })), { nil: undefined }),
  value: json,
});
const bodies = fc.record({ Operations: fc.array(operation, { maxLength: 4 }) });

const START: Resource = {
  userName: 'ann',
  active: true,
  name: { givenName: 'Ann' },
  emails: [{ value: 'a@x.example', type: 'work', primary: true }],
  [ENTERPRISE]: { department: 'R' },
};

function orScimError<T>(body: () => T): T | null {
  try {
    return body();
  } catch (error) {
    if (error instanceof ScimError) return null;
    throw error;
  }
}

test('a PATCH of a user', () => {
  fc.assert(
    fc.property(bodies, (body) => {
      const before = structuredClone(START);
      const patched = orScimError(() => patchResource(USER_SCHEMA, START, patchOperations(body)));
      expect(START).toEqual(before);
      if (patched === null) return;
      // What came out is what would have been let in.
      expect(cleanResource(USER_SCHEMA, patched)).toEqual(patched);
      orScimError(() => toUserInput(patched));
    }),
    { numRuns: 3_000 },
  );
});

test('a whole user', () => {
  fc.assert(
    fc.property(json, (value) => {
      if (typeof value !== 'object' || value === null) return;
      const clean = orScimError(() => cleanResource(USER_SCHEMA, value));
      if (clean === null) return;
      for (const key of Object.keys(clean)) {
        expect(key === ENTERPRISE || USER_SCHEMA.attributes.has(key.toLowerCase())).toBe(true);
      }
      expect(Object.getPrototypeOf(clean)).toBe(Object.prototype);
      orScimError(() => toUserInput(clean));
    }),
    { numRuns: 2_000 },
  );
});

test('a PATCH of a group', () => {
  fc.assert(
    fc.property(bodies, (body) => {
      const steps = orScimError(() => groupSteps(patchOperations(body)));
      for (const step of steps ?? []) expect(['rename', 'externalId', 'add', 'remove', 'members']).toContain(step.t);
    }),
    { numRuns: 2_000 },
  );
});
