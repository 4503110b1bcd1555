import { unitPath } from '../../policy/unit-path.ts';
import type { DirectoryUser, SearchValue, UserInput } from '../directory/records.ts';
import { ENTERPRISE, USER } from './schemas.ts';
import { invalid } from './scim-error.ts';
import type { Resource } from './values.ts';

/** A person as SCIM says it, and as the directory keeps it. */
const MAX_BODY = 64 * 1024;
const MAX_DISPLAY = 255;
const MAX_EXTERNAL_ID = 512;
/** Longer values are kept, but not searched for: an index has its limit. */
const MAX_SEARCHED = 255;

/** Attributes of many values that can be searched for. */
export const SEARCHED_LISTS: readonly string[] = ['emails', 'phoneNumbers', 'ims', 'entitlements', 'roles'];
/** Attributes of one value that can be; those of the enterprise extension by their bare names. */
export const SEARCHED_CORE: readonly string[] = [
  'nickName',
  'title',
  'userType',
  'preferredLanguage',
  'locale',
  'timezone',
];
const SEARCHED_NAMES: readonly string[] = ['formatted', 'familyName', 'givenName', 'middleName'];
export const SEARCHED_ENTERPRISE: readonly string[] = [
  'employeeNumber',
  'costCenter',
  'organization',
  'division',
  'department',
];

/** @throws ScimError `invalidValue` where something that must be there is not, or all of it is too much */
export function toUserInput(resource: Resource): UserInput {
  const { userName, externalId, active, ...body } = resource;
  if (typeof userName !== 'string' || userName.trim() === '') throw invalid('invalidValue', 'userName is missing');
  if (typeof externalId === 'string' && externalId.length > MAX_EXTERNAL_ID) {
    throw invalid('invalidValue', `externalId is longer than ${MAX_EXTERNAL_ID} characters`);
  }
  if (JSON.stringify(body).length > MAX_BODY)
    throw invalid('invalidValue', `the user is larger than ${MAX_BODY} bytes`);
  const enterprise = object(body[ENTERPRISE]);
  return {
    userName,
    externalId: typeof externalId === 'string' ? externalId : null,
    displayName: displayNameOf(body, userName),
    active: active !== false,
    // A provider's words that are no path of units are kept with the rest, and the unit is unknown.
    ou: unitPath(text(enterprise['organization']) ?? text(enterprise['department']) ?? '') ?? null,
    body,
    values: searchValues(body),
  };
}

/** The whole resource without `groups` and `meta`, as a client would have sent it. */
export function toResource(user: DirectoryUser): Resource {
  const { externalId, userName, active, body } = user;
  return { ...body, userName, active, ...(externalId === null ? {} : { externalId }) };
}

export function userSchemas(resource: Resource): string[] {
  return resource[ENTERPRISE] === undefined ? [USER] : [USER, ENTERPRISE];
}

function displayNameOf(body: Resource, userName: string): string {
  const name = object(body['name']);
  const parts = [text(name['givenName']), text(name['familyName'])].filter((part) => part !== null).join(' ');
  const shown = text(body['displayName']) ?? text(name['formatted']) ?? (parts === '' ? userName : parts);
  return shown.replaceAll(/\p{Cc}/gu, '').slice(0, MAX_DISPLAY) || userName;
}

function searchValues(body: Resource): SearchValue[] {
  const values: SearchValue[] = [];
  const single = (path: string, value: unknown): void => {
    const found = text(value);
    if (found !== null && found.length <= MAX_SEARCHED) {
      values.push({ path: path.toLowerCase(), kind: null, main: false, value: found });
    }
  };
  for (const name of SEARCHED_CORE) single(name, body[name]);
  for (const name of SEARCHED_NAMES) single(`name.${name}`, object(body['name'])[name]);
  const enterprise = object(body[ENTERPRISE]);
  for (const name of SEARCHED_ENTERPRISE) single(name, enterprise[name]);
  single('manager.value', object(enterprise['manager'])['value']);
  for (const name of SEARCHED_LISTS) {
    for (const one of (body[name] ?? []) as readonly Resource[]) {
      const value = text(one['value']);
      if (value === null || value.length > MAX_SEARCHED) continue;
      const kind = text(one['type'])?.toLowerCase().slice(0, MAX_SEARCHED) ?? null;
      values.push({ path: name.toLowerCase(), kind, main: one['primary'] === true, value });
    }
  }
  return values;
}

function object(value: unknown): Resource {
  return typeof value === 'object' && value !== null ? (value as Resource) : {};
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
