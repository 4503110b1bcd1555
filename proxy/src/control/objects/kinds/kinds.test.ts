import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { OBJECT_KINDS, type ObjectKind } from '@causeway/contract';
import { REFERENCES } from '../../../config/references.ts';
import { openCa } from '../../ca/ca.ts';
import { makeControlFixture, type ControlFixture } from '../../control-fixture.ts';
import { metadataOf } from '../../identity/saml/test-idp.ts';
import { memorySecrets } from '../../sealing/fixtures/memory-secrets.ts';
import { checkedBody } from '../checked-body.ts';
import { filterFields, searchable } from '../searchable.ts';
import { KINDS } from './kinds.ts';

let fixture: ControlFixture;
beforeAll(async () => {
  fixture = await makeControlFixture();
});
afterAll(() => fixture.remove());

function problems(kind: ObjectKind, body: object, name = 'x'): string[] {
  const checked = checkedBody(kind, name, body);
  return 'problems' in checked ? checked.problems.map(({ path, message }) => `${path}: ${message}`) : [];
}

test('every kind is there under its own name, and its references are fields that it has', () => {
  expect(Object.values(KINDS).map(({ kind }) => kind)).toEqual(OBJECT_KINDS);
  for (const { from, field } of REFERENCES) {
    const { schema } = KINDS[from];
    expect(schema instanceof z.ZodObject ? Object.keys(schema.shape) : []).toContain(field);
  }
});

describe('an object', () => {
  test('has the name that it is stored under', () => {
    expect(problems('tags', { name: 'y' })).toEqual(['name: must be "x": a name never changes']);
    expect(problems('tags', {}, 'Not A Name')).toEqual(['name: lower-case letters, digits and dashes, 63 at most']);
    expect(problems('tags', [])).toEqual([': an object']);
    expect(checkedBody('tags', 'x', {})).toEqual({ body: { name: 'x', description: '' } });
  });

  test('is told what it lacks and what nobody knows', () => {
    expect(problems('apps', { hots: ['a'], ports: ['tcp/1'] })).toEqual([
      'hosts: is missing (array)',
      'publishers: is missing (array)',
      'hots: unknown key; did you mean "hosts"?',
    ]);
    expect(problems('tags', { __proto__: null, constructor: 1 })).toEqual(['constructor: unknown key']);
  });

  test('is bounded', () => {
    const bypass = Array.from({ length: 1_001 }, (_, i) => `h${i}.example`);
    expect(problems('steering', { bypass })).toHaveLength(1);
    const headers = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`x-${i}`, 'y'.repeat(60_000)]));
    const clientless = { urls: ['a.example'], upstream: { host: 'h', port: 1 }, requestHeaders: headers };
    expect(problems('apps', { hosts: ['a.example'], ports: ['tcp/1'], publishers: ['p'], clientless })).toEqual([
      ': larger than 524288 bytes',
    ]);
  });
});

test('a rule has a template only where it blocks, with words of its own or without', () => {
  expect(problems('rules', { action: 'block', template: 't' })).toEqual([]);
  expect(problems('rules', { action: 'block', template: 't', notice: 'n' })).toEqual([]);
  expect(problems('rules', { action: 'allow', template: 't' })).toEqual(['template: only a block has a template']);
});

test('a block template has no place that nobody fills', () => {
  const notice = '{{person}}, {{app}} is closed: {{rule}} Ask {{contact}}.';
  expect(problems('templates', { notice, contact: 'it@corp.example' })).toEqual([]);
  const lonely = 'contact: is there where the notice has {{contact}}, and nowhere else';
  expect(problems('templates', { notice })).toEqual([lonely]);
  expect(problems('templates', { notice: 'No.', contact: 'IT' })).toEqual([lonely]);
  expect(problems('templates', { notice: 'No, {{user}}.' })).toEqual([
    'notice: {{user}} is none of {{person}}, {{app}}, {{rule}} and {{contact}}',
  ]);
});

test('thresholds of a DLP profile rise', () => {
  const profile = (...from: number[]) => ({
    identifiers: ['iban'],
    actions: from.map((n) => ({ from: n, action: 'alert' })),
  });
  expect(problems('dlp-profiles', profile(1, 10))).toEqual([]);
  expect(problems('dlp-profiles', profile(10, 10))).toEqual(['actions: thresholds rise']);
});

test('an identity provider’s metadata is read before it is stored', () => {
  const metadata = metadataOf(fixture.idp, 'https://idp.test/sso');
  expect(problems('idps', { metadata, domains: ['corp.example'] })).toEqual([]);
  expect(problems('idps', { metadata: '<x/>' })).toEqual([
    'metadata: identity provider metadata: its root is no EntityDescriptor',
  ]);
  expect(problems('idps', { metadata: `<!DOCTYPE x>${metadata}` })).toHaveLength(1);
});

test('a trusted network has a criterion', () => {
  expect(problems('forwarding-profiles', { trusted: { dnsServers: ['10.0.0.53'] } })).toEqual([]);
  expect(problems('forwarding-profiles', { trusted: {} })).toEqual([
    'trusted: a network without a criterion would be every network',
  ]);
  expect(problems('forwarding-profiles', { trusted: { gateways: ['router'] } })).toEqual([
    'trusted.gateways[0]: an IP address',
  ]);
});

test('what asks for a password names its secret', () => {
  const profile = { forwardingProfile: 'all', logout: 'password' };
  expect(problems('app-profiles', profile)).toEqual(['passwordSecret: what asks for a password needs one']);
  expect(problems('app-profiles', { ...profile, passwordSecret: 'agent/logout' })).toEqual([]);
});

test('there is one settings object', () => {
  expect(problems('settings', {}, 'default')).toEqual([]);
  expect(problems('settings', {}, 'other')).toEqual(['name: expected "default"']);
  expect(KINDS.settings.schema.parse({ name: 'default' })).toMatchObject({ devices: { perPerson: 16 } });
});

test('a certificate is for its hosts, in one chain, without its key', async () => {
  const ca = await openCa(memorySecrets());
  const own = await ca.issueServer({ names: ['*.apps.example'], days: 1 });
  const good = { hosts: ['wiki.apps.example', 'a.apps.example'], chain: own.cert };
  expect(problems('certificates', good)).toEqual([]);
  expect(problems('certificates', { ...good, key: own.key })).toEqual(['key: unknown key']);
  const pem = fixture.idp.certificate;
  expect(problems('certificates', { hosts: ['wiki.example'], chain: pem })).toEqual([
    'hosts[0]: the certificate is not for wiki.example',
  ]);
  const twice = problems('certificates', { hosts: ['wiki.example'], chain: pem + pem });
  expect(twice.length).toBeGreaterThan(0);
  expect(problems('certificates', { hosts: ['a.example'], chain: 'no' })).toEqual([
    'chain: 1 to 10 certificates in PEM',
  ]);
});

test('what lists are searched by is in one line each', () => {
  const { words, terms } = searchable(
    'rules',
    KINDS.rules.schema.parse({
      name: 'r',
      users: ['Ann\nusers=eve'],
      apps: ['wiki'],
      action: 'allow',
    }),
  );
  expect(filterFields('rules')).toEqual([
    'apps',
    'tags',
    'template',
    'users',
    'groups',
    'ports',
    'methods',
    'action',
    'notice',
  ]);
  expect(terms).toBe('\napps=wiki\nusers=ann users=eve\naction=allow\n');
  expect(words).toBe('r\n\nwiki\nann users=eve\nallow');
});
