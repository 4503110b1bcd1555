import type { BrowserContext } from 'playwright-core';

/** Signs out with the portal's button, in a tab of its own; the time of the click. */
export async function signOut(context: BrowserContext, portal: string): Promise<number> {
  const page = await context.newPage();
  const answers: string[] = [];
  page.on('response', (answer) => answers.push(`${answer.status()} ${answer.url()}`));
  try {
    await page.goto(portal);
    const button = page.getByRole('button', { name: 'Sign out' });
    await button.waitFor();
    const at = Date.now();
    await button.click();
    await page.getByRole('heading', { name: 'You are signed out' }).waitFor();
    await page.close();
    return at;
  } catch (error) {
    throw new Error(`signing out: ${String(error)}\n${answers.join('\n')}`, { cause: error });
  }
}
