import { chmodSync, copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lackingPostgres, startPostgres, type PostgresServer } from '@causeway/proxy/postgres-server';
import { awaitCondition } from '../harness/await-condition.ts';
import { BreakableLine } from '../harness/breakable-line.ts';
import { launchBrowser, type TrustingBrowser } from '../harness/browser.ts';
import { cookieFor } from '../harness/as-person.ts';
import { startDevIdp } from '../harness/dev-idp.ts';
import { endAll } from '../harness/end-all.ts';
import { fetchText, NAVIGATION, type Answer } from '../harness/https-client.ts';
import type { IdentityProvider } from '../harness/identity-provider.ts';
import { expectNoLeftovers } from '../harness/leftovers.ts';
import { startOwnApp, type OwnApp } from '../harness/own-app.ts';
import { popConfig, SITE_DOMAINS, webApp } from '../harness/pop-config.ts';
import {
  awaitPublisher,
  startPop,
  startPublisher,
  statusOf,
  temporaryFolder,
  type Folder,
  type Pop,
} from '../harness/pop.ts';
import { freePorts } from '../harness/ports.ts';
import { ROOT, runProgram, type Program } from '../harness/program.ts';
import { lacking } from '../harness/requirements.ts';

const CUT_MS = 1_000;
/** Of the rule for `brief`. */
const BRIEF_GRACE_MS = 6_000;

describe.skipIf(lackingPostgres('store lost') || lacking('store lost', ['openssl', 'chromium']))(
  'two PoPs on one PostgreSQL, one of which loses it',
  () => {
    let server: PostgresServer;
    let folder: Folder;
    let idp: IdentityProvider;
    let app: OwnApp;
    let line: BreakableLine;
    let pop: Pop;
    let other: Pop;
    let publisher: Program;
    let browser: TrustingBrowser;
    let port: number;
    let operations: string;

    const url = (name: string, path = '/'): string => `https://${name}.${SITE_DOMAINS.access}:${port}${path}`;

    beforeAll(async () => {
      server = await startPostgres();
      folder = temporaryFolder('store-lost');
      app = await startOwnApp();
      const ports = await freePorts(4);
      port = ports[0] ?? 0;
      const [, operationsPort = 0, otherPort = 0, otherOperations = 0] = ports;
      const login = `https://login.${SITE_DOMAINS.identity}:${port}`;
      idp = await startDevIdp({ folder, sp: { entityId: `${login}/saml/metadata`, acsUrl: `${login}/saml/acs` } });
      const metadata = folder.file('idp.xml', idp.metadata);
      const { url: database } = await server.database();
      const socketFolder = decodeURIComponent(/host=([^&]+)/.exec(database)?.[1] ?? '');
      line = new BreakableLine(join(folder.path, '.s.PGSQL.5432'), join(socketFolder, '.s.PGSQL.5432'));
      await line.mend();
      const configured = (name: string, listen: number, operationsAt: number, store: string): string => {
        const {
          publishers: _p,
          apps: _a,
          rules: _r,
          ...deployment
        } = popConfig({
          port: listen,
          operationsPort: operationsAt,
          apps: [],
          rules: [],
          metadata,
        });
        return folder.file(name, { ...deployment, store, session: { graceMinutes: 5 } });
      };
      const broken = database.replace(encodeURIComponent(socketFolder), encodeURIComponent(folder.path));
      const data = join(folder.path, 'pop');
      pop = await startPop({ configFile: configured('a.yaml', port, operationsPort, broken), data });
      operations = `http://127.0.0.1:${operationsPort}`;
      const otherData = join(folder.path, 'other');
      mkdirSync(otherData, { mode: 0o700 });
      copyFileSync(join(data, 'master.key'), join(otherData, 'master.key'));
      other = await startPop({
        configFile: configured('b.yaml', otherPort, otherOperations, database),
        data: otherData,
      });

      const upstream = new URL(app.url);
      const apps = ['steady', 'brief'].map((name) => webApp({ name, host: upstream.hostname, port: app.port }));
      folder.file('objects.yaml', {
        publishers: [{ name: 'office' }],
        apps,
        rules: [
          { name: 'brief', apps: ['brief'], action: 'allow', graceMinutes: BRIEF_GRACE_MS / 60_000 },
          { name: 'everybody', action: 'allow' },
        ],
      });
      const token = (await causeway(data, 'setup', '--owner')).out.trim();
      const tokenFile = folder.file('token', `${token}\n`);
      chmodSync(tokenFile, 0o600);
      const admin = ['--url', `https://admin.${SITE_DOMAINS.identity}:${port}`, '--token', tokenFile, '--ca', pop.ca];
      const applied = await causeway(data, 'apply', '-f', join(folder.path, 'objects.yaml'), ...admin);
      if (applied.code !== 0) throw new Error(applied.err + applied.out);
      publisher = startPublisher({
        join: await pop.token('office'),
        allow: [`${upstream.hostname}:${app.port}`],
        data: join(folder.path, 'publisher'),
      });
      await awaitPublisher(data, 'office', 1, publisher);
      browser = await launchBrowser({ caFiles: [pop.ca, ...(idp.caFile === null ? [] : [idp.caFile])] });
    }, 120_000);

    afterAll(() =>
      endAll(
        () => browser?.close(),
        () => publisher?.stop(),
        () => other?.stop(),
        () => pop?.stop(),
        () => line?.break(),
        () => app?.stop(),
        () => idp?.stop(),
        () => folder?.forget(),
        () => server?.stop(),
        () => expectNoLeftovers(),
      ),
    );

    function causeway(data: string, ...args: readonly string[]) {
      return runProgram({
        name: `causeway ${args.join(' ')}`,
        command: process.execPath,
        args: [`${ROOT}proxy/src/cli/causeway.ts`, ...args, '--data', data],
      });
    }

    const get = (name: string, cookie = ''): Promise<Answer> =>
      fetchText(url(name), { caFile: pop.ca, headers: { ...NAVIGATION, ...(cookie === '' ? {} : { cookie }) } });

    async function signedIn(person: 'ada' | 'ben'): Promise<{ page: Page; cookies: Record<string, string> }> {
      const { context, page } = await browser.person();
      await page.goto(url('brief'));
      await idp.signIn(page, person);
      await page.waitForURL(url('brief'));
      await page.goto(url('steady'));
      await page.getByRole('log').filter({ hasText: 'open' }).waitFor();
      const cookies = {
        steady: await cookieFor(context, url('steady')),
        brief: await cookieFor(context, url('brief')),
      };
      return { page, cookies };
    }
    const lostNow = async (): Promise<boolean> =>
      (await statusOf(pop.data)).degraded.some((text) => text.includes('CW_STORE_LOST'));

    test('established access goes on, nothing new begins, and it finds the store again by itself', async () => {
      const ada = await signedIn('ada');
      const ben = await signedIn('ben');
      const portal = await ada.page.context().newPage();
      await portal.goto(`https://login.${SITE_DOMAINS.identity}:${port}/`);
      await portal.getByRole('button', { name: 'Sign out' }).waitFor();
      const before = await statusOf(pop.data);

      await line.break();
      const brokenAt = Date.now();
      await awaitCondition('the loss to be known', lostNow, { timeoutMs: 15_000 });

      // what is established
      expect((await get('steady', ada.cookies['steady'])).status).toBe(200);
      expect(await ada.page.evaluate('echo("still there")')).toBe('still there');
      await portal.getByText('Access cannot be checked at the moment.').waitFor({ timeout: 15_000 });
      await portal.reload();
      await portal.getByText('Access cannot be checked at the moment.').waitFor();
      await portal.getByRole('link', { name: /steady/ }).waitFor();

      // what is new
      const { page: stranger } = await browser.person();
      const shown = await stranger.goto(url('steady', '/deep?link=1'));
      expect([shown?.status(), await stranger.title()]).toEqual([503, 'Access cannot be checked at the moment']);
      const answers = [await get('steady'), await get('steady', '__Host-cw-session=' + 'x'.repeat(43))];
      expect(answers.map(({ status, body }) => [status, body.includes('CW_STORE_LOST')])).toEqual([
        [503, true],
        [503, true],
      ]);
      expect(Number(answers[0]?.headers['retry-after'])).toBeGreaterThanOrEqual(5);
      const login = await fetchText(`https://login.${SITE_DOMAINS.identity}:${port}/start`, {
        caFile: pop.ca,
        headers: NAVIGATION,
      });
      expect([login.status, login.body.includes('CW_STORE_LOST')]).toEqual([503, true]);
      const api = await fetchText(`https://admin.${SITE_DOMAINS.identity}:${port}/api/v1/apps`, {
        caFile: pop.ca,
        headers: { authorization: `Bearer cwt_${'a'.repeat(43)}` },
      });
      const scim = await fetchText(`https://admin.${SITE_DOMAINS.identity}:${port}/scim/v2/default/Users`, {
        caFile: pop.ca,
        headers: { authorization: `Bearer cws_${'a'.repeat(43)}` },
      });
      expect([api.status, scim.status]).toEqual([503, 503]);
      expect(api.body).toContain('CW_STORE_LOST');
      expect(Number(scim.headers['retry-after'])).toBeGreaterThanOrEqual(5);

      // where operators look
      const ready = await fetch(`${operations}/readyz`);
      expect([ready.status, ((await ready.json()) as { status: string }).status]).toEqual([200, 'degraded']);
      expect(await (await fetch(`${operations}/metrics`)).text()).toMatch(/^causeway_store_up 0$/m);
      const status = await causeway(pop.data, 'status');
      expect([status.code === 0, status.out.includes('STORE LOST since')]).toEqual([false, true]);
      expect((await causeway(pop.data, 'doctor')).out).toMatch(/BAD {2}store: postgres lost since/);

      // a rule with a shorter grace
      await awaitCondition(
        'the grace of the rule to end',
        async () => (await get('brief', ada.cookies['brief'])).status === 503,
        {
          timeoutMs: 15_000,
          everyMs: 100,
        },
      );
      expect(Date.now() - brokenAt).toBeGreaterThanOrEqual(BRIEF_GRACE_MS - 1_500);
      expect((await get('steady', ada.cookies['steady'])).status).toBe(200);

      // somebody's access is ended where this PoP cannot hear it
      const revoked = await causeway(other.data, 'revoke', 'user', 'ben@partner.example');
      expect(revoked).toMatchObject({ code: 0 });
      expect((await get('steady', ben.cookies['steady'])).status).toBe(200);
      const closed = ben.page.evaluate<number>('socketClosed');

      await line.mend();
      const mendedAt = Date.now();
      const cutAt = await closed;
      process.stdout.write(`revoked meanwhile: cut ${cutAt - mendedAt} ms after the store could be reached again\n`);
      expect(cutAt - mendedAt).toBeLessThan(2 * CUT_MS);
      await awaitCondition('the store to be back', async () => !(await lostNow()));
      expect((await get('steady', ben.cookies['steady'])).status).toBe(302);
      expect((await get('brief', ada.cookies['brief'])).status).toBe(200);
      expect(await ada.page.evaluate('echo("all along")')).toBe('all along');
      await stranger.reload();
      await idp.signIn(stranger, 'cleo');
      await stranger.waitForURL(url('steady', '/deep?link=1'));
      await portal.getByText('Access cannot be checked at the moment.').waitFor({ state: 'hidden', timeout: 15_000 });

      const events = async (): Promise<string> => (await causeway(pop.data, 'events', '--json', '--limit', '300')).out;
      await awaitCondition('what was written beside to be delivered', async () => {
        const all = await events();
        const times = [...all.matchAll(/"at":(\d+)/g)].map(([, at]) => Number(at));
        return all.includes('the store did not answer') && times.some((at) => at > brokenAt + 2_000 && at < mendedAt);
      });
      const after = await statusOf(pop.data);
      expect(after.edges.map(({ pid }) => pid)).toEqual(before.edges.map(({ pid }) => pid));
      process.kill(pop.pids.control, 0);
      expect(await (await fetch(`${operations}/metrics`)).text()).toMatch(
        /causeway_child_restarts\{child="control"\} 0/,
      );
    }, 120_000);
  },
);
