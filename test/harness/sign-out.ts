import type { BrowserContext } from 'playwright-core';

/** Signs out with the portal's button, in a tab of its own; the time of the click. */
export async function signOut(context: BrowserContext, portal: string): Promise<number> {
  const page = await context.newPage();
  await page.goto(portal);
  const button = page.getByRole('button', { name: 'Sign out' });
  await button.waitFor();
  const at = Date.now();
  await button.click();
  await page.waitForURL('**/signed-out');
  await page.close();
  return at;
}
