import { readFileSync } from 'node:fs';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cookieFor } from '../harness/as-person.ts';
import { awaitCondition, within } from '../harness/await-condition.ts';
import { launchBrowser, type TrustingBrowser } from '../harness/browser.ts';
import { startAdministrator, type Administrator } from '../harness/control-plane.ts';
import { endAll } from '../harness/end-all.ts';
import { fetchText, NAVIGATION } from '../harness/https-client.ts';
import { expectNoLeftovers } from '../harness/leftovers.ts';
import { BROWSER, CURL, lacking, POSTGRES, SIMPLESAMLPHP } from '../harness/requirements.ts';
import { oktaSetsActive } from '../harness/scim-client.ts';
import type { SimpleSamlPerson } from '../harness/simplesamlphp.ts';

/** What DESIGN promises: what is no longer allowed is cut within a second, and PoPs follow each other as quickly. */
const SOON_MS = 1_000;
/** Some forty programs one after the other: a busy machine takes its time. */
const FOLLOWED_MS = 300_000;
const APP = 'intranet.apps.localhost';

const person = (user: string, displayName: string): SimpleSamlPerson => ({
  user,
  password: `${user}'s own`,
  mail: `${user}@corp.example`,
  displayName,
  groups: [],
});
const PEOPLE = [person('ada', 'Ada'), person('ben', 'Ben'), person('eve', 'Eve')];
const STORES = [
  { store: 'SQLite', pops: 1 },
  { store: 'PostgreSQL', pops: 2 },
] as const;

/** `docs/first-steps.md`, followed by somebody who has nothing but the document and a browser. */
describe.skipIf(lacking('first steps', BROWSER, SIMPLESAMLPHP, CURL, POSTGRES)).each(STORES)(
  'first steps with $pops PoP(s) on $store',
  ({ store, pops }) => {
    let admin: Administrator;
    let browser: TrustingBrowser;
    let ada: { context: BrowserContext; page: Page };
    let blocked = '';
    const url = (pop: number, path = '/'): string => `https://${APP}:${admin.ports[pop]}${path}`;
    const last = pops - 1;

    beforeAll(async () => {
      admin = await startAdministrator({ people: PEOPLE, postgres: store === 'PostgreSQL' });
    });
    afterAll(() =>
      endAll(
        () => browser?.close(),
        () => admin?.stop(),
        () => expectNoLeftovers(),
      ),
    );

    test(
      'from an empty folder to a configuration in force',
      async () => {
        const { guide } = admin;
        await guide.follow('A folder, and its environment');
        if (pops === 2) await guide.follow('Two PoPs on one PostgreSQL', {}, [0]);
        await guide.follow('The identity provider');
        await guide.follow('The PoP', admin.ready('pop', 2));
        await guide.follow('Yourself');
        await guide.follow('People, by SCIM');
        await guide.follow('An app and two rules');
        await guide.follow('The publisher', admin.ready('pop', 2));
        if (pops === 2) await guide.follow('Two PoPs on one PostgreSQL', admin.ready('pop-2', 1), [1, 2, 3, 4, 5]);
        await awaitCondition('the publisher to be up, with its version', async () => {
          expect(await guide.type('causeway get publishers')).toMatch(/^office +up +\d/m);
          return true;
        });
        browser = await launchBrowser({ caFiles: [admin.file('pop/ca.pem')] });
      },
      FOLLOWED_MS,
    );

    test('Ada gets the app, at every PoP with one login; Ben a page whose reference leads to the decision', async () => {
      ada = await browser.person();
      await ada.page.goto(url(0, '/deep?x=1'));
      await admin.idp.signIn(ada.page, 'ada');
      await ada.page.getByRole('heading', { name: 'Private app' }).waitFor();
      expect(ada.page.url()).toBe(url(0, '/deep?x=1'));
      await ada.page.goto(url(last));
      await ada.page.getByRole('heading', { name: 'Private app' }).waitFor();
      expect(ada.page.url()).toBe(url(last));

      const ben = await browser.person();
      await ben.page.goto(url(0));
      await admin.idp.signIn(ben.page, 'ben');
      await ben.page.getByText('The intranet is for employees.').waitFor();
      blocked = await referenceOn(ben.page);
      await ben.context.close();
      await awaitCondition(
        'the decision of the block page to be among the events',
        async () => (await admin.guide.type(`causeway events --decision '${blocked}'`)).includes('ben@corp.example'),
        { everyMs: 200 },
      );
      await admin.guide.follow('Open it');
      expect(await admin.guide.type('echo "$decision"')).toContain(blocked);
    });

    test('a mistake cuts her off at every PoP within a second, and an earlier configuration brings her back', async () => {
      const { closed } = await openSocket(ada.page);
      const seen = firstBlocked(url(last), await cookieFor(ada.context, url(last)), admin.file('pop/ca.pem'));
      await admin.guide.follow('A mistake, and back', {}, [0]);
      const [newest] = await json<{ publishedAt: number }[]>('causeway snapshots --json');
      const published = newest?.publishedAt ?? 0;
      const blockedAt = await within('the other PoP to block', 10_000, seen);
      report(`published at one, in force at ${pops === 1 ? 'it' : 'the other'}`, blockedAt - published);
      report('her WebSocket was cut', (await within('the WebSocket to be closed', 10_000, closed)) - published);
      await ada.page.goto(url(last));
      await ada.page.getByText('Closed for today.').waitFor();
      const reference = await referenceOn(ada.page);

      await admin.guide.follow('A mistake, and back', {}, [1]);
      await awaitCondition('the app to be back', async () => {
        await ada.page.goto(url(last));
        return ada.page.getByRole('heading', { name: 'Private app' }).isVisible();
      });
      const printed = await admin.guide.type(`causeway events --decision '${reference}' --json`);
      expect(printed).toContain('"rule":"contractors-not-here"');
    });

    test('deactivated by SCIM she is cut within a second, everywhere, and told why when she comes back', async () => {
      const { page } = ada;
      const { closed } = await openSocket(page);
      const download = page.evaluate<{ cut: boolean; at: number }>('readEndless()');
      await awaitCondition('the download to run', async () => Number(await page.title()) > 100_000);

      await admin.guide.follow('Somebody leaves');
      // The PoP's own time: the shell and curl that sent it take theirs, on a busy machine a second and more.
      const [gone] = await json<{ updatedAt: number }[]>('causeway get users --filter active=false --json');
      const deactivated = gone?.updatedAt ?? 0;
      const cut = await within('the download to be cut', 10_000, download);
      expect(cut.cut).toBe(true);
      report('from her deactivation to the download’s cut', cut.at - deactivated);
      report(
        'from her deactivation to the WebSocket’s end',
        (await within('the socket', 10_000, closed)) - deactivated,
      );

      await page.goto(url(last));
      await page.getByText('CW_PERSON_INACTIVE').waitFor();
      const events = await admin.guide.type('causeway events --user ada@corp.example --limit 100 --json');
      expect(events).toContain('"kind":"cut"');
    });

    test('another provider’s shape brings her back, and away again', async () => {
      const [port] = admin.ports;
      const scim = {
        base: `https://admin.id.localhost:${port}/scim/v2/default`,
        caFile: admin.file('pop/ca.pem'),
        tokenFile: admin.file('scim.token'),
      };
      expect(await oktaSetsActive(scim, 'Ada@corp.example', true)).toMatchObject({ status: 200 });
      await ada.page.goto(url(last));
      await ada.page.getByRole('heading', { name: 'Private app' }).waitFor();
      const { closed } = await openSocket(ada.page);
      const sent = Date.now();
      expect(await oktaSetsActive(scim, 'ada@corp.example', false)).toMatchObject({ status: 200 });
      report('from Okta’s request to the WebSocket’s end', (await within('the socket', 10_000, closed)) - sent);
      expect(readFileSync(admin.file('scim.token'), 'utf8')).toMatch(/^cws_/);
    });

    async function json<T>(command: string): Promise<T> {
      const printed = await admin.guide.type(command);
      return JSON.parse(printed.slice(0, printed.indexOf('\n'))) as T;
    }

    /** Asserted, and printed for whoever reads the run. */
    function report(what: string, ms: number): void {
      process.stdout.write(`${store}, ${pops} PoP(s): ${what}: ${ms} ms\n`);
      expect(ms).toBeLessThan(SOON_MS);
    }
  },
);

async function referenceOn(page: Page): Promise<string> {
  const reference = await page.locator('dt:has-text("Reference") + dd').textContent();
  expect(reference).toMatch(/^[\w-]{8,}$/);
  return reference ?? '';
}

/** The app's WebSocket of this page, once it is open; `closed`: when it ended. */
async function openSocket(page: Page): Promise<{ readonly closed: Promise<number> }> {
  await page.getByRole('log').filter({ hasText: 'open' }).waitFor();
  return { closed: page.evaluate<number>('socketClosed') };
}

/** When a signed-in person was first refused there. */
async function firstBlocked(url: string, cookie: string, caFile: string): Promise<number> {
  return awaitCondition(
    `a block at ${url}`,
    async () => {
      const { status } = await fetchText(url, { caFile, headers: { cookie, ...NAVIGATION } });
      return status === 403 && Date.now();
    },
    { timeoutMs: 30_000, everyMs: 50 },
  );
}
