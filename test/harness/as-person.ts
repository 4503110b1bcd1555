import type { BrowserContext, Page } from 'playwright-core';
import type { TrustingBrowser } from './browser.ts';

/** The demo's people as the development IdP offers them: one button each. */
export const PEOPLE = { ada: 'Ada Lindqvist', ben: 'Ben Okafor', cleo: 'Cleo Martin' } as const;
export type Person = keyof typeof PEOPLE;

export interface SignedIn {
  readonly page: Page;
  readonly context: BrowserContext;
}

/** Opens `url` as a stranger and signs in where it leads; ends on what was asked for, or on what is shown instead. */
export async function getPageAs(browser: TrustingBrowser, person: Person, url: string): Promise<SignedIn> {
  const { context, page } = await browser.person();
  await page.goto(url);
  await pickPerson(page, person);
  await page.waitForURL((now) => now.origin === new URL(url).origin && !now.pathname.startsWith('/.causeway/'));
  return { page, context };
}

/** On the page of the development IdP. */
export async function pickPerson(page: Page, person: Person): Promise<void> {
  await page.getByRole('button', { name: PEOPLE[person], exact: true }).click();
}

/** The cookie header of a signed-in browser for an app, so that another client can act as the same session. */
export async function cookieFor(context: BrowserContext, url: string): Promise<string> {
  const cookies = await context.cookies(url);
  return cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
}
