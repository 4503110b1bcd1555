import type { BrowserContext } from 'playwright-core';
import { cookieFor } from './as-person.ts';
import type { TrustingBrowser } from './browser.ts';
import { startDownload, type RunningDownload } from './download.ts';
import { fetchText, NAVIGATION, type Answer, type ClientOptions } from './https-client.ts';
import type { Site } from './site.ts';

/**
 * A person who signed in once with a browser and then asks with a plain client, as the same session: answers can be
 * looked at byte by byte, and no browser retries behind the test's back.
 */
export interface Visitor {
  readonly context: BrowserContext;
  /** As a browser that opens a page, unless `accept` says otherwise. */
  get(app: string, path?: string, headers?: { readonly accept: string }): Promise<Answer>;
  download(app: string, path: string): Promise<RunningDownload>;
}

export async function visit(
  site: Site,
  browser: TrustingBrowser,
  person: string,
  apps: readonly string[],
): Promise<Visitor> {
  const { context, page } = await browser.person();
  await page.goto(site.loginOrigin);
  await site.idp.signIn(page, person);
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
  const cookies = new Map<string, string>();
  for (const app of apps) {
    await page.goto(site.url(app), { waitUntil: 'commit' });
    cookies.set(app, await cookieFor(context, site.url(app)));
  }
  await page.close();
  const options = (app: string, headers: Readonly<Record<string, string>> = NAVIGATION): ClientOptions => ({
    caFile: site.pop.ca,
    headers: { cookie: cookies.get(app) ?? '', ...headers },
  });
  return {
    context,
    get: (app, path = '/', headers) => fetchText(site.url(app, path), options(app, headers)),
    download: (app, path) => startDownload(site.url(app, path), options(app)),
  };
}
