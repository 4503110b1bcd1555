import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sealIntent } from '../../rpc/intent.ts';
import { ACS, APP_HOST, LOGIN_ORIGIN, makeControlFixture, SP, type ControlFixture } from '../control-fixture.ts';
import { field, parts, signedResponse, type ResponseParts } from '../identity/saml/test-idp.ts';
import { makeMasterKeyFile } from '../sealing/master-key-source.ts';
import { hashToken, newToken } from '../identity/tokens.ts';
import { startControlProcess, type Answer, type ControlProcess } from './fixtures/control-process.ts';

const CONFIG = `listen: 127.0.0.1:8443
domains: { access: causeway.localhost, identity: causeway-id.localhost, tunnel: tunnel.causeway-pop.localhost }
identityProvider: { metadata: idp.xml }
`;
const REFUSED = { code: 'CW_TICKET_INVALID' };

/** Where the store is, and how many PoPs share it. */
export interface SharedStore {
  readonly pops: 1 | 2;
  /** Of PostgreSQL; absent for a file in the data folder. */
  readonly url?: string;
}

/** A login whose every step comes to another PoP of one store than the step before, where there are two. */
export function signOnSuite(name: string, open: () => Promise<SharedStore>): void {
  describe(`a login on ${name}`, () => {
    let fixture: ControlFixture;
    let pops: ControlProcess[];
    let a: ControlProcess;
    let b: ControlProcess;

    beforeAll(async () => {
      fixture = await makeControlFixture();
      writeFileSync(fixture.configFile, CONFIG);
      const masterKey = { file: join(fixture.dir, 'master.key') };
      makeMasterKeyFile(masterKey.file);
      const { pops: count, url } = await open();
      const started = await Promise.allSettled(
        Array.from({ length: count }, (_, i) =>
          startControlProcess({
            dataDir: join(fixture.dir, `pop${i}`),
            configFile: fixture.configFile,
            masterKey,
            ...(url === undefined ? {} : { store: url }),
          }),
        ),
      );
      pops = started.flatMap((pop) => (pop.status === 'fulfilled' ? [pop.value] : []));
      expect(started.map(({ status }) => status)).not.toContain('rejected');
      const [first] = pops;
      if (first === undefined) throw new Error('no PoP');
      a = first;
      b = pops[1] ?? first;
    }, 120_000);
    afterAll(async () => {
      for (const pop of pops) await pop.stop();
      fixture.remove();
    });

    interface Begun {
      /** The pre-login cookie. */
      readonly pre: string;
      readonly nonceHash: string;
      readonly answer: (change?: Partial<ResponseParts>) => string;
    }

    /** A browser without a session comes from an app host of this PoP. */
    async function begin(pop: ControlProcess): Promise<Begun> {
      const nonceHash = hashToken(newToken());
      const intent = sealIntent(pop.intentKey, { host: APP_HOST, path: '/deep?x=1', nonceHash, at: Date.now() });
      const started = await pop.request(`/start?i=${intent}`);
      expect(started.status).toBe(302);
      const url = new URL(started.location);
      const xml = inflateRawSync(Buffer.from(url.searchParams.get('SAMLRequest') ?? '', 'base64')).toString();
      const requestId = / ID="([^"]+)"/.exec(xml)?.[1] ?? '';
      return {
        pre: pairOf(started, '__Host-cw-pre-'),
        nonceHash,
        answer: (change) => {
          const now = Date.now();
          const p = parts({ idp: fixture.idp, acsUrl: ACS, audience: SP, requestId, now, ...(change && { change }) });
          const RelayState = url.searchParams.get('RelayState') ?? '';
          const form = { SAMLResponse: field(signedResponse(p, fixture.idp, 'both')), RelayState };
          return new URLSearchParams(form).toString();
        },
      };
    }

    const post = (pop: ControlProcess, body: string, cookie?: string): Promise<Answer> =>
      pop.request('/saml/acs', {
        method: 'POST',
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          ...(cookie === undefined ? {} : { cookie }),
        },
        body,
      });

    /** Begun at one, answered at the other. */
    async function logIn(): Promise<{ login: string; ticket: string; nonceHash: string }> {
      const { pre, nonceHash, answer } = await begin(a);
      const posted = await post(b, answer(), pre);
      expect(posted.status).toBe(303);
      return { login: pairOf(posted, '__Host-cw-login='), ticket: ticketOf(posted), nonceHash };
    }

    const redeem = (pop: ControlProcess, ticket: string, nonceHash: string, host = APP_HOST) =>
      pop.line.call('ticket.redeem', { ticket, nonceHash, host });

    it('begun at one PoP is answered at the other, and its ticket redeemed where it was not issued', async () => {
      const { login, ticket, nonceHash } = await logIn();
      const { token, returnTo } = await redeem(a, ticket, nonceHash);
      expect(returnTo).toBe('/deep?x=1');
      for (const pop of pops) {
        const grant = await pop.line.call('session.lookup', { tokenHash: hashToken(token) });
        expect(grant).toMatchObject({ host: APP_HOST, principal: { user: 'ada@corp.example' } });
        expect((await pop.request('/api/me', { headers: { cookie: login } })).status).toBe(200);
      }
    });

    it('gives a new token, whatever session the browser showed (case 28)', async () => {
      const planted = await logIn();
      const { pre, answer } = await begin(a);
      const posted = await post(b, answer(), `${planted.login}; ${pre}`);
      const login = pairOf(posted, '__Host-cw-login=');
      expect(login).toMatch(/^__Host-cw-login=[\w-]{43}$/);
      expect(login).not.toBe(planted.login);
    });

    it('without its cookie is refused everywhere, and so with that of another login (case 29)', async () => {
      const mine = await begin(a);
      const other = await begin(b);
      for (const pop of pops) {
        for (const cookie of [undefined, other.pre, mine.pre.replace('=', '=x'), `${mine.pre}; ${mine.pre}`]) {
          const refused = await post(pop, mine.answer(), cookie);
          expect(refused.status).toBe(403);
          expect(refused.body).toContain('CW_SAML_NO_PENDING');
        }
      }
      expect((await post(b, mine.answer(), mine.pre)).status).toBe(303);
    });

    it('is accepted once, at whatever PoP its answers are shown, also at once (case 42)', async () => {
      const first = await begin(a);
      const body = first.answer({ assertionId: '_once' });
      const tries = await Promise.all(Array.from({ length: 6 }, (_, i) => post(i % 2 === 0 ? a : b, body, first.pre)));
      expect(tries.map(({ status }) => status).toSorted((x, y) => x - y)).toEqual([303, 403, 403, 403, 403, 403]);
      for (const pop of pops) {
        // Another answer to the request, and the same assertion for another request.
        const second = await begin(b);
        for (const [again, pre] of [
          [first.answer({ assertionId: '_other' }), first.pre],
          [second.answer({ assertionId: '_once' }), second.pre],
        ] as const) {
          const refused = await post(pop, again, pre);
          expect(refused.status).toBe(403);
          expect(refused.body).toContain('CW_SAML_REPLAY');
        }
      }
    });

    it('gives a ticket that is refused and spent for a thief, and works once of all who show it (case 49)', async () => {
      for (const [thief, owner] of [
        [a, b],
        [b, a],
      ] as const) {
        const stolen = await logIn();
        await expect(redeem(thief, stolen.ticket, 'another-browser')).rejects.toMatchObject(REFUSED);
        await expect(redeem(owner, stolen.ticket, stolen.nonceHash)).rejects.toMatchObject(REFUSED);
        const elsewhere = await logIn();
        const { ticket, nonceHash } = elsewhere;
        await expect(redeem(thief, ticket, nonceHash, `x.${APP_HOST}`)).rejects.toMatchObject(REFUSED);
        await expect(redeem(owner, ticket, nonceHash)).rejects.toMatchObject(REFUSED);
      }
      const { ticket, nonceHash } = await logIn();
      const tries = Array.from({ length: 8 }, (_, i) => redeem(i % 2 === 0 ? a : b, ticket, nonceHash));
      const settled = await Promise.allSettled(tries);
      expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      await expect(redeem(a, ticket, nonceHash)).rejects.toMatchObject(REFUSED);
      await expect(redeem(b, ticket, nonceHash)).rejects.toMatchObject(REFUSED);
    });

    it('that was ended at one PoP gives no ticket at the other', async () => {
      const { login, ticket, nonceHash } = await logIn();
      const headers = { cookie: login, origin: LOGIN_ORIGIN };
      expect((await a.request('/api/sign-out', { method: 'POST', headers })).status).toBe(204);
      await expect(redeem(b, ticket, nonceHash)).rejects.toMatchObject(REFUSED);
      expect((await b.request('/api/me', { headers: { cookie: login } })).status).toBe(401);
    });
  });
}

const pairOf = ({ cookies }: Answer, name: string): string =>
  cookies.find((cookie) => cookie.startsWith(name))?.split(';')[0] ?? '';

const ticketOf = ({ location }: Answer): string => new URL(location).searchParams.get('t') ?? '';
