import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { SAML, ValidateInResponseTo } from '@node-saml/node-saml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEMO_PEOPLE } from '../people.ts';
import { idpApp } from './idp.ts';
import { idpKeys, type IdpKeys } from './keys.ts';

const PUBLIC_URL = 'https://idp.causeway-idp.localhost:8444';
const LOGIN = 'https://login.causeway-id.localhost:8443';
const ACS = `${LOGIN}/saml/acs`;
const ENTITY = `${LOGIN}/saml/metadata`;

let dataDir: string;
let keys: IdpKeys;
let app: ReturnType<typeof idpApp>;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'causeway-idp-'));
  keys = await idpKeys(dataDir);
  app = idpApp({
    publicUrl: PUBLIC_URL,
    keys,
    serviceProviders: [{ entityId: ENTITY, acs: ACS }],
    now: Date.now,
  });
});
afterAll(() => rm(dataDir, { recursive: true, force: true }));

/** A service provider that we did not write. */
function serviceProvider(): SAML {
  return new SAML({
    idpCert: keys.certificate,
    issuer: ENTITY,
    callbackUrl: ACS,
    audience: ENTITY,
    entryPoint: `${PUBLIC_URL}/sso`,
    wantAssertionsSigned: true,
    wantAuthnResponseSigned: true,
    validateInResponseTo: ValidateInResponseTo.always,
    idpIssuer: `${PUBLIC_URL}/metadata`,
  });
}

async function begin(sp: SAML): Promise<URLSearchParams> {
  return new URL(await sp.getAuthorizeUrlAsync('relay-1', undefined, {})).searchParams;
}

function fieldOf(html: string, name: string): string {
  return new RegExp(`name="${name}" value="([^"]*)"`).exec(html)?.[1] ?? '';
}

async function login(query: URLSearchParams, person: string): Promise<Response> {
  const page = await (await app.request(`/sso?${query.toString()}`)).text();
  const body = new URLSearchParams({
    SAMLRequest: fieldOf(page, 'SAMLRequest'),
    RelayState: fieldOf(page, 'RelayState'),
    person,
  });
  return app.request('/login', { method: 'POST', body });
}

function sso(xml: string): Promise<Response> {
  const query = new URLSearchParams({ SAMLRequest: deflateRawSync(xml).toString('base64') });
  return Promise.resolve(app.request(`/sso?${query.toString()}`));
}

describe('the development identity provider', () => {
  it.each(DEMO_PEOPLE)('signs $displayName in at a provider of another make', async (person) => {
    const sp = serviceProvider();
    const answer = await login(await begin(sp), person.id);
    const page = await answer.text();
    expect(page).toContain(`action="${ACS}"`);
    expect(page).toMatch(/<button[^>]*>Continue<\/button>/);
    expect(fieldOf(page, 'RelayState')).toBe('relay-1');

    const { profile } = await sp.validatePostResponseAsync({ SAMLResponse: fieldOf(page, 'SAMLResponse') });
    expect(profile?.nameID).toBe(person.user);
    expect(profile?.['displayName']).toBe(person.displayName);
    expect([profile?.['groups']].flat()).toEqual(person.groups);
    expect(profile?.sessionIndex).toMatch(/^_[0-9a-f]{40}$/);
  });

  it('answers for one request only', async () => {
    const page = await (await login(await begin(serviceProvider()), 'ada')).text();
    await expect(
      serviceProvider().validatePostResponseAsync({ SAMLResponse: fieldOf(page, 'SAMLResponse') }),
    ).rejects.toThrow(/InResponseTo/);
  });

  it('signs so that a change of any word is seen', async () => {
    const sp = serviceProvider();
    const page = await (await login(await begin(sp), 'ben')).text();
    const xml = Buffer.from(fieldOf(page, 'SAMLResponse'), 'base64').toString('utf8');
    const forged = Buffer.from(xml.replace('contractors', 'engineering')).toString('base64');
    await expect(sp.validatePostResponseAsync({ SAMLResponse: forged })).rejects.toThrow(/signature/i);
  });

  it('says no where nobody logs in', async () => {
    const sp = serviceProvider();
    const page = await (await login(await begin(sp), '')).text();
    await expect(sp.validatePostResponseAsync({ SAMLResponse: fieldOf(page, 'SAMLResponse') })).rejects.toThrow(
      /AuthnFailed/,
    );
  });

  it('is loud about being for development only, on every page', async () => {
    const query = (await begin(serviceProvider())).toString();
    for (const path of ['/', `/sso?${query}`, '/nowhere', '/sso']) {
      expect(await (await app.request(path)).text()).toContain('Development only: anybody can be anybody');
    }
  });

  it('describes itself', async () => {
    const xml = await (await app.request('/metadata')).text();
    expect(xml).toContain(`entityID="${PUBLIC_URL}/metadata"`);
    expect(xml).toContain(`Location="${PUBLIC_URL}/sso"`);
    expect(xml).toContain(keys.certificate.replace(/-----[A-Z ]+-----|\s/g, ''));
  });

  it('keeps its key, readable by its user alone', async () => {
    expect(await idpKeys(dataDir)).toEqual(keys);
    expect((await stat(join(dataDir, 'signing.json'))).mode & 0o777).toBe(0o600);
  });
});

describe('an AuthnRequest is refused', () => {
  const good = (change: (xml: string) => string = (xml) => xml): string =>
    change(
      `<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_1" Version="2.0" ` +
        `IssueInstant="2026-11-22T16:00:00Z" Destination="${PUBLIC_URL}/sso" AssertionConsumerServiceURL="${ACS}">` +
        `<saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">${ENTITY}</saml:Issuer></samlp:AuthnRequest>`,
    );

  it('never when it is right', async () => {
    expect((await sso(good())).status).toBe(200);
  });

  it.each<[string, (xml: string) => string]>([
    ['with a foreign answer address', (xml) => xml.replace(ACS, 'https://evil.example/acs')],
    ['from an unknown provider', (xml) => xml.replace(ENTITY, 'https://evil.example/')],
    ['for another destination', (xml) => xml.replace(`${PUBLIC_URL}/sso`, 'https://elsewhere.example/sso')],
    ['of another version', (xml) => xml.replace('"2.0"', '"1.1"')],
    ['with an ID that is markup', (xml) => xml.replace('ID="_1"', 'ID="_1&quot;/&gt;"')],
    ['with a DTD', (xml) => `<!DOCTYPE x [<!ENTITY e "e">]>${xml}`],
    ['with a comment', (xml) => xml.replace(ENTITY, `${ENTITY}<!-- -->`)],
    ['with two issuers', (xml) => xml.replace(/(<saml:Issuer.*<\/saml:Issuer>)/, '$1$1')],
    ['when it is not well-formed', (xml) => xml.replace('</samlp:AuthnRequest>', '')],
    ['when it is another element', (xml) => xml.replaceAll('AuthnRequest', 'LogoutRequest')],
    ['when passive', (xml) => xml.replace('ID=', 'IsPassive="true" ID=')],
  ])('%s', async (_, change) => {
    const answer = await sso(good(change));
    expect(answer.status).toBe(400);
    expect(await answer.text()).not.toContain('evil.example');
  });

  it('when it inflates beyond the limit', async () => {
    expect((await sso(good((xml) => xml.replace('<saml:Issuer', `${' '.repeat(1_000_000)}<saml:Issuer`)))).status).toBe(
      400,
    );
  });

  it.each(['', 'not base64!', Buffer.from('not deflate').toString('base64')])('when it is %j', async (text) => {
    expect((await app.request(`/sso?${new URLSearchParams({ SAMLRequest: text }).toString()}`)).status).toBe(400);
  });
});
