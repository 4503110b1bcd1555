import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cookieFor, getPageAs } from '../harness/as-person.ts';
import { awaitCondition, within } from '../harness/await-condition.ts';
import { launchBrowser, type TrustingBrowser } from '../harness/browser.ts';
import { causeway } from '../harness/dev-pop.ts';
import { startDownload, type RunningDownload } from '../harness/download.ts';
import { endAll } from '../harness/end-all.ts';
import { fetchText, NAVIGATION } from '../harness/https-client.ts';
import { expectNoLeftovers } from '../harness/leftovers.ts';
import { startOwnApp, type OwnApp } from '../harness/own-app.ts';
import { webApp } from '../harness/pop-config.ts';
import { lacking, BROWSER } from '../harness/requirements.ts';
import { startSite, type Site } from '../harness/site.ts';

const CUT_MS = 1_000;
const WORKERS = 2;
const NOTICE = 'Not from this network.';
const EVERYBODY = { name: 'everybody', apps: ['desk'], action: 'allow' };

describe.skipIf(lacking('rules about addresses and times', BROWSER))('the facts of a flow', () => {
  let app: OwnApp;
  let site: Site;
  let browser: TrustingBrowser;
  let context: BrowserContext;
  let page: Page;

  beforeAll(async () => {
    app = await startOwnApp();
    const host = '127.0.0.1';
    const apps = [webApp({ name: 'desk', host, port: app.port })];
    const allow = [`${host}:${app.port}`];
    site = await startSite({
      name: 'facts',
      workers: WORKERS,
      apps,
      rules: [EVERYBODY],
      allow,
    });
    browser = await launchBrowser({ caFiles: site.caFiles });
    ({ context, page } = await getPageAs(browser, 'ada', site.url('desk')));
  });
  afterAll(() =>
    endAll(
      () => browser?.close(),
      () => site?.stop(),
      () => app?.stop(),
      () => expectNoLeftovers(),
    ),
  );

  const data = (): string => site.pop.data;
  const publish = async (rules: readonly object[], more: object = {}): Promise<number> => {
    site.folder.file('causeway.yaml', { ...site.config, ...more, rules });
    return ((await causeway(data(), 'config', 'reload')).json as { number: number }).number;
  };

  test('a rule about addresses cuts what is open on every worker, and says why', async () => {
    const headers = { cookie: await cookieFor(context, site.url('desk')), ...NAVIGATION };
    const [caFile = ''] = site.caFiles;
    const downloads: RunningDownload[] = [];
    await awaitCondition(
      'a stream on each worker',
      async () => {
        downloads.push(await startDownload(site.url('desk', '/endless'), { caFile, headers }));
        const { edges } = await site.pop.status();
        return edges.length === WORKERS && edges.every((edge) => edge.openStreams > 0);
      },
      { timeoutMs: 60_000, everyMs: 300 },
    );
    expect(downloads.map(({ status }) => status)).toEqual(downloads.map(() => 200));

    const here = { name: 'not-here', sources: ['127.0.0.0/8', '::1'], action: 'block', notice: NOTICE };
    await publish([here, EVERYBODY]);
    const at = Date.now();
    const ended = await within('all downloads to be cut', 10_000, Promise.all(downloads.map((one) => one.ended)));
    for (const end of ended) {
      expect(end.complete).toBe(false);
      expect(end.at - at).toBeLessThan(CUT_MS);
    }
    const answer = await fetchText(site.url('desk'), { caFile, headers });
    expect(answer.status).toBe(403);
    expect(answer.body).toContain(NOTICE);
    await page.goto(site.loginOrigin);
    await page.getByRole('heading', { level: 1, name: /ada/i }).waitFor();
    await expect(page.getByRole('link', { name: 'desk' }).count()).resolves.toBe(0);
  });

  test('explain decides as of a time and from an address; validate warns of what never decides', async () => {
    const times = [{ from: '21:00', to: '22:00' }];
    const evening = { name: 'evening', apps: ['desk'], sources: ['192.0.2.0/24'], times, action: 'allow' };
    const dead = { ...evening, name: 'dead', sources: ['192.0.2.7'], action: 'block' };
    await publish([evening, dead], { timeZone: 'Asia/Kathmandu' });
    await awaitCondition('the analysis', async () => {
      // 21:59 there
      const args = ['ada', 'desk', '--at', '2026-11-23T16:14Z', '--from', '192.0.2.7'];
      const { json } = await causeway(data(), 'explain', ...args);
      const { verdict, shadowed } = json as { verdict: object; shadowed: object | null };
      expect(verdict).toMatchObject({ action: 'allow', rule: 'evening' });
      return JSON.stringify(shadowed) === JSON.stringify([{ rule: 'dead', by: 'evening' }]);
    });
    const { json } = await causeway(data(), 'config', 'validate', site.configFile);
    expect(json).toMatchObject({
      valid: true,
      warnings: [expect.stringMatching(/"dead" never decides: rules\[0\] "evening"/)],
    });
  });
});
