import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { getPageAs } from '../harness/as-person.ts';
import { launchBrowser, type TrustingBrowser } from '../harness/browser.ts';
import { sha256OfSeed, sha256OfStream, writeDeterministicFile } from '../harness/bytes.ts';
import { startDev, type DevPop } from '../harness/dev-pop.ts';
import { endAll } from '../harness/end-all.ts';
import { expectNoLeftovers } from '../harness/leftovers.ts';
import { startOwnApp, type OwnApp } from '../harness/own-app.ts';
import { temporaryFolder, type Folder } from '../harness/pop.ts';
import { lacking, BROWSER } from '../harness/requirements.ts';

const MEGABYTE = 1_000_000;
const LENGTH = 100 * MEGABYTE;

describe.skipIf(lacking('transfer', BROWSER)).each([1, 2])(
  'bytes through a custom URL, %i edge worker(s)',
  (workers) => {
    let app: OwnApp;
    let dev: DevPop;
    let browser: TrustingBrowser;
    let folder: Folder;
    let page: Page;

    beforeAll(async () => {
      folder = temporaryFolder('transfer');
      app = await startOwnApp();
      dev = await startDev({ workers, publish: app.url });
      browser = await launchBrowser({ caFiles: [dev.ca] });
      ({ page } = await getPageAs(browser, 'ada', dev.url('app', '/start?deep=1')));
    });
    afterAll(() =>
      endAll(
        () => browser?.close(),
        () => dev?.stop(),
        () => app?.stop(),
        () => folder?.forget(),
        () => expectNoLeftovers(),
      ),
    );

    test('the page of somebody’s own app is there, under its own URL', async () => {
      await page.getByRole('heading', { name: 'Private app' }).waitFor();
      expect(await page.locator('#path').textContent()).toBe('/start?deep=1');
    });

    test('an upload of 100 MB arrives byte for byte', async () => {
      const file = join(folder.path, 'upload.bin');
      await writeDeterministicFile(file, workers, LENGTH);
      await page.getByLabel('File').setInputFiles(file);
      await page.getByRole('button', { name: 'Upload' }).click();
      const status = page.getByRole('status').filter({ hasText: 'sha256' });
      await status.waitFor({ timeout: 60_000 });
      expect(JSON.parse((await status.textContent()) ?? '')).toEqual({
        bytes: LENGTH,
        sha256: sha256OfSeed(workers, LENGTH),
      });
    });

    test('a download of 100 MB arrives byte for byte', async () => {
      const seed = 10 + workers;
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.evaluate(`location.assign('/bytes/${seed}/${LENGTH}')`),
      ]);
      expect(await download.failure()).toBeNull();
      expect(await sha256OfStream(createReadStream(await download.path()))).toEqual({
        bytes: LENGTH,
        sha256: sha256OfSeed(seed, LENGTH),
      });
    });

    test('a WebSocket echoes text and binary, also large ones', async () => {
      await page.getByRole('log').filter({ hasText: 'open' }).waitFor();
      const echoed = await page.evaluate('echoesOf()');
      expect(echoed).toEqual({ text: 'grüße, 世界 🌍', binary: true, long: true });
    });

    test('the app sees the person’s request and nothing of ours', async () => {
      const who = await page.evaluate<{ url: string; headers: Record<string, string> }>(
        "fetch('/who?a=1').then((answer) => answer.json())",
      );
      expect(who.url).toBe('/who?a=1');
      expect(JSON.stringify(who.headers)).not.toContain('__Host-cw');
    });
  },
);
