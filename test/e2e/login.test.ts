import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { getPageAs, pickPerson } from '../harness/as-person.ts';
import { launchBrowser, type TrustingBrowser } from '../harness/browser.ts';
import { startDev, type DevPop } from '../harness/dev-pop.ts';
import { endAll } from '../harness/end-all.ts';
import { expectNoLeftovers } from '../harness/leftovers.ts';
import { lacking, BROWSER } from '../harness/requirements.ts';

describe.skipIf(lacking('login', BROWSER)).each([1, 2])(
  'login through the development IdP, %i edge worker(s)',
  (workers) => {
    let dev: DevPop;
    let browser: TrustingBrowser;

    beforeAll(async () => {
      dev = await startDev({ workers });
      browser = await launchBrowser({ caFiles: [dev.ca] });
    });
    afterAll(() =>
      endAll(
        () => browser?.close(),
        () => dev?.stop(),
        () => expectNoLeftovers(),
      ),
    );

    test('a stranger signs in and lands on the deep link', async () => {
      const link = dev.url('intranet', '/deep/link?x=1&y=%C3%A4');
      const { page, context } = await getPageAs(browser, 'ada', link);
      expect(page.url()).toBe(link);
      const ours = (await context.cookies()).filter((cookie) => cookie.name.startsWith('__Host-cw'));
      expect(ours.length).toBeGreaterThan(0);
      for (const cookie of ours) {
        expect(cookie).toMatchObject({ secure: true, httpOnly: true, path: '/' });
        expect(page.url()).not.toContain(cookie.value);
      }
      await context.close();
    });

    test('one login opens two apps on two hosts, each with a cookie of its own', async () => {
      const { page, context } = await getPageAs(browser, 'ada', dev.url('intranet'));
      const hosts = new Set<string>();
      page.on('framenavigated', (frame) => hosts.add(new URL(frame.url()).host));
      const answer = await page.goto(dev.url('notes'));
      expect(answer?.status()).toBe(200);
      expect(page.url()).toBe(dev.url('notes'));
      expect([...hosts].filter((host) => host.includes('idp'))).toEqual([]);
      const [first] = await context.cookies(dev.url('intranet'));
      const [second] = await context.cookies(dev.url('notes'));
      expect(first?.value).not.toBe(second?.value);
      await context.close();
    });

    test('the portal says who one is and what one may open, and opens it', async () => {
      const { page, context } = await getPageAs(browser, 'ada', dev.urls.portal);
      await page.getByRole('heading', { level: 1, name: /ada/i }).waitFor();
      await page.getByRole('link', { name: 'intranet' }).click();
      await page.waitForURL((url) => url.origin === new URL(dev.url('intranet')).origin);
      expect(page.url()).toBe(dev.url('intranet'));
      await context.close();
    });

    test('a person whom a rule blocks is told so, and what to do', async () => {
      const { page, context } = await getPageAs(browser, BLOCKED.person, dev.url(BLOCKED.app, '/secret/plans'));
      expect(page.url()).toBe(dev.url(BLOCKED.app, '/secret/plans'));
      await page.getByRole('heading', { level: 1 }).waitFor();
      await page.getByText('CW_POLICY_BLOCKED').waitFor();
      const answer = await page.reload();
      expect(answer?.status()).toBe(403);
      await page.getByRole('link', { name: /portal/i }).waitFor();
      await context.close();
    });

    test('an app that no rule gives looks exactly like one that does not exist', async () => {
      const ungiven = dev.url(UNGIVEN.app, '/some/path');
      const unknown = ungiven.replace(/\/\/[^.]+\./, '//no-such-app.');
      const { page, context } = await getPageAs(browser, UNGIVEN.person, ungiven);
      const seen: { status: number; headers: Record<string, string>; text: string }[] = [];
      for (const url of [ungiven, unknown]) {
        let answer = await page.goto(url);
        // The second host needs its own ticket; nobody is asked again.
        if (page.url().includes('idp')) await pickPerson(page, UNGIVEN.person);
        answer = await page.goto(url);
        expect(page.url()).toBe(url);
        const headers = await (answer?.allHeaders() ?? Promise.resolve({} as Record<string, string>));
        delete headers['date'];
        seen.push({
          status: answer?.status() ?? 0,
          headers,
          text: (await page.content()).replaceAll(/d_[\w-]+|[0-9a-f-]{20,}|[\w-]{16,26}(?=<\/dd>)/g, 'REFERENCE'),
        });
      }
      expect(seen[0]?.status).toBe(404);
      expect(seen[1]).toEqual(seen[0]);
      await context.close();
    });

    test('a cookie of one app opens no other', async () => {
      const { page, context } = await getPageAs(browser, 'ada', dev.url('intranet'));
      const [cookie] = (await context.cookies(dev.url('intranet'))).filter(({ name }) => name === '__Host-cw');
      if (cookie === undefined) throw new Error('no session cookie');
      const { context: stranger, page: foreign } = await browser.person();
      await stranger.addCookies([{ name: cookie.name, value: cookie.value, url: dev.url('notes'), secure: true }]);
      await foreign.goto(dev.url('notes'));
      expect(new URL(foreign.url()).origin).not.toBe(new URL(dev.url('notes')).origin);
      expect(page.url()).toBe(dev.url('intranet'));
      await stranger.close();
      await context.close();
    });
  },
);

/** What the demo's rules say of its people. */
const BLOCKED = { person: 'ben', app: 'intranet' } as const;
const UNGIVEN = { person: 'cleo', app: 'intranet' } as const;
