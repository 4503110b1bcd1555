import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { cookieFor, getPageAs, PEOPLE } from '../harness/as-person.ts';
import { awaitCondition, within } from '../harness/await-condition.ts';
import { launchBrowser, type TrustingBrowser } from '../harness/browser.ts';
import { startDev, type DevPop } from '../harness/dev-pop.ts';
import { startDownload, type RunningDownload } from '../harness/download.ts';
import { fetchText, NAVIGATION } from '../harness/https-client.ts';
import { endAll } from '../harness/end-all.ts';
import { expectNoLeftovers } from '../harness/leftovers.ts';
import { startOwnApp, type OwnApp } from '../harness/own-app.ts';
import { statusOf } from '../harness/pop.ts';
import { signOut } from '../harness/sign-out.ts';
import { lacking, BROWSER } from '../harness/requirements.ts';

/** What DESIGN promises: what is no longer allowed is cut within a second. */
const CUT_MS = 1_000;

describe.skipIf(lacking('sign-out', BROWSER)).each([1, 2])('sign-out, %i edge worker(s)', (workers) => {
  let app: OwnApp;
  let dev: DevPop;
  let browser: TrustingBrowser;
  let page: Page;
  let context: BrowserContext;

  beforeAll(async () => {
    app = await startOwnApp();
    dev = await startDev({ workers, publish: app.url });
    browser = await launchBrowser({ caFiles: [dev.ca] });
  });
  beforeEach(async () => {
    await context?.close();
    ({ page, context } = await getPageAs(browser, 'ada', dev.url('app')));
  });
  afterAll(() =>
    endAll(
      () => browser?.close(),
      () => dev?.stop(),
      () => app?.stop(),
      () => expectNoLeftovers(),
    ),
  );

  test('ends the session and cuts an open WebSocket and a running download within a second', async () => {
    const log = page.getByRole('log');
    await log.filter({ hasText: 'open' }).waitFor();
    const running = page.evaluate<{ bytes: number; cut: boolean; at: number }>('readEndless()');
    await awaitCondition('the download to run', async () => Number(await page.title()) > 100_000);
    const closed = page.evaluate<number>('socketClosed');

    const at = await signOut(context, dev.urls.portal);
    const download = await within('the download to be cut', 10_000, running);
    const socketClosedAt = await within('the WebSocket to be closed', 10_000, closed);
    expect(download.cut).toBe(true);
    expect(download.at - at).toBeLessThan(CUT_MS);
    expect(socketClosedAt - at).toBeLessThan(CUT_MS);

    await page.goto(dev.url('app', '/after'));
    await page.getByRole('button', { name: PEOPLE.ada }).waitFor();
  });

  test('what is open on every worker is cut, also by a sign-out that another worker served', async () => {
    const headers = { cookie: await cookieFor(context, dev.url('app')), ...NAVIGATION };
    const downloads: RunningDownload[] = [];
    // The kernel spreads connections; go on until each worker carries one, and see it in the PoP's own figures.
    await awaitCondition(
      `a stream on each of ${workers} worker(s)`,
      async () => {
        downloads.push(await startDownload(dev.url('app', '/endless'), { caFile: dev.ca, headers }));
        const { edges } = await statusOf(dev.data);
        return edges.length === workers && edges.every((edge) => edge.openStreams > 0);
      },
      { timeoutMs: 60_000, everyMs: 300 },
    );
    await awaitCondition('all downloads to run', () => downloads.every(({ bytes }) => bytes > 0));
    expect(downloads.map(({ status }) => status)).toEqual(downloads.map(() => 200));

    const at = await signOut(context, dev.urls.portal);
    const ended = await within('all downloads to be cut', 10_000, Promise.all(downloads.map((one) => one.ended)));
    for (const end of ended) {
      expect(end.complete).toBe(false);
      expect(end.at - at).toBeLessThan(CUT_MS);
    }
    const after = await fetchText(dev.url('app'), { caFile: dev.ca, headers });
    expect(after.status).toBe(302);
    expect(after.headers.location).toMatch(/^https:\/\/login\./);
    await awaitCondition('no stream to be left', async () => {
      const { edges } = await statusOf(dev.data);
      return edges.every((edge) => edge.openStreams === 0);
    });
  });
});
