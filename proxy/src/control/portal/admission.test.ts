import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  ACS,
  LOGIN_ORIGIN,
  makeControlFixture,
  publishFile,
  SP,
  SSO_URL,
  type ControlFixture,
} from '../control-fixture.ts';
import { Directory } from '../directory/directory.ts';
import type { DirectoryChange } from '../directory/records.ts';
import { field, parts, signedResponse, type ResponseParts } from '../identity/saml/test-idp.ts';
import { PendingLogins } from '../identity/saml/pending.ts';
import { verifyResponse } from '../identity/saml/verify.ts';
import { Sessions } from '../identity/sessions.ts';
import { Tickets } from '../identity/tickets.ts';
import { KyselyStore } from '../store/kysely-store.ts';
import { openDatabase } from '../store/open-database.ts';
import { portalApp } from './app.ts';
import type { PortalServices } from './portal-services.ts';

/** Whom the directory lets in after the identity provider confirmed who they are. */
let fixture: ControlFixture;
let store: KyselyStore;
let directory: Directory;
let services: Omit<PortalServices, 'sessions'>;
let loginIdp = 'default';

beforeAll(async () => {
  fixture = await makeControlFixture();
  const location = { file: join(fixture.dir, 'test.sqlite') };
  const database = await openDatabase(location);
  store = new KyselyStore(database);
  directory = new Directory({ database, loginIdp: () => loginIdp, now: Date.now });
  const idp = { entityId: fixture.idp.entityId, ssoUrl: SSO_URL, certificates: [fixture.idp.certificate] };
  const published = await publishFile(location, fixture.configFile, idp);
  services = {
    store,
    tickets: new Tickets(database, Date.now),
    pending: new PendingLogins(Buffer.alloc(32, 8), Date.now),
    revocations: { epoch: 0, revoke: () => Promise.resolve(0) },
    files: new Map(),
    log: pino({ level: 'silent' }),
    intentKey: Buffer.alloc(32, 7),
    published: () => published,
    verify: (job) => verifyResponse(job.field, job.trust, job.expectation),
    edges: () => [],
    deviceCode: () => Promise.resolve({ token: '', expiresAt: 0 }),
    loginSucceeded: () => undefined,
    loginFailed: () => undefined,
    ready: () => true,
    storeStatus: () => ({ state: 'ok', kind: 'sqlite' }),
    now: Date.now,
  };
});

afterAll(async () => {
  await store.close();
  fixture.remove();
});

/** A whole login; the answer to the provider's POST. */
async function logIn(change: Partial<ResponseParts>): Promise<Response> {
  const app = portalApp({ ...services, sessions: new Sessions(store, directory, services.revocations, Date.now) });
  const headers = { host: new URL(LOGIN_ORIGIN).host };
  const started = await app.request(`${LOGIN_ORIGIN}/start`, { headers }, { address: '10.0.0.1' });
  const location = new URL(started.headers.get('location') ?? '');
  const xml = inflateRawSync(Buffer.from(location.searchParams.get('SAMLRequest') ?? '', 'base64')).toString();
  const requestId = / ID="([^"]+)"/.exec(xml)?.[1] ?? '';
  const p = parts({ idp: fixture.idp, acsUrl: ACS, audience: SP, requestId, now: Date.now(), change });
  const body = new URLSearchParams({
    SAMLResponse: field(signedResponse(p, fixture.idp, 'assertion')),
    RelayState: location.searchParams.get('RelayState') ?? '',
  });
  const cookie = started.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  const form = { ...headers, cookie, 'content-type': 'application/x-www-form-urlencoded' };
  const init = { method: 'POST', headers: form, body: body.toString() };
  return app.request(`${LOGIN_ORIGIN}/saml/acs`, init, { address: '10.0.0.1' });
}

it('a login with other groups changes the person’s other sessions too, under one spelling of the name', async () => {
  const changes: DirectoryChange[] = [];
  const stop = directory.onChanged((change) => changes.push(change));
  expect((await logIn({ user: 'bea@corp.example', groups: ['staff'] })).status).toBe(303);
  expect(changes).toEqual([]);
  expect((await logIn({ user: 'Bea@Corp.example', groups: ['staff', 'boss'] })).status).toBe(303);
  stop();
  expect(changes).toEqual([{ users: ['bea@corp.example'], deactivated: [], sessions: [] }]);
  const groups = (await store.sessionsOf('bea@corp.example')).map((session) => session.groups);
  expect(groups).toEqual([
    ['staff', 'boss'],
    ['staff', 'boss'],
  ]);
});

it.each([
  ['somebody who was deactivated', 'EVE@corp.example', 'CW_PERSON_INACTIVE', 'deactivated'],
  ['somebody whom the provider never provisioned', 'stranger@corp.example', 'CW_PERSON_UNKNOWN', 'assign'],
])('%s is not let in and reads why', async (_who, user, code, advice) => {
  loginIdp = `provisioned-${code}`;
  const input = { externalId: null, displayName: 'Eve', ou: null, body: {}, values: [] };
  await directory.createUser(loginIdp, { ...input, userName: 'eve@corp.example', active: false });
  const answer = await logIn({ user });
  expect(answer.status).toBe(403);
  expect(answer.headers.getSetCookie().join()).not.toContain('cw-login');
  const page = await answer.text();
  expect(page).toContain(code);
  expect(page).toContain(advice);
  expect(await store.sessionsOf(user)).toEqual([]);
});
