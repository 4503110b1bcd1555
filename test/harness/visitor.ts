import type { BrowserContext } from 'playwright-core';
import { cookieFor } from './as-person.ts';
import type { TrustingBrowser } from './browser.ts';
import { startDownload, type RunningDownload } from './download.ts';
import { fetchText, NAVIGATION, type Answer } from './https-client.ts';
import type { Site } from './site.ts';

/**
 * A person who signed in once with a browser and then asks with a plain client, as the same session: answers can be
 * looked at byte by byte, and no browser retries behind the test's back.
 */
export interface Visitor {
  readonly context: BrowserContext;
  get(app: string, path?: string): Promise<Answer>;
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
    await page.goto(site.url(app));
    cookies.set(app, await cookieFor(context, site.url(app)));
  }
  const options = (app: string): { caFile: string; headers: Record<string, string> } => ({
    caFile: site.pop.ca,
    headers: { cookie: cookies.get(app) ?? '', ...NAVIGATION },
  });
  return {
    context,
    get: (app, path = '/') => fetchText(site.url(app, path), options(app)),
    download: (app, path) => startDownload(site.url(app, path), options(app)),
  };
}
