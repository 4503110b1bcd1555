import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { curl, deviceCode, startAgent, type RunningAgent } from '../harness/agent.ts';
import { launchBrowser, type TrustingBrowser } from '../harness/browser.ts';
import { sha256OfSeed, sha256OfStream } from '../harness/bytes.ts';
import { pickPerson } from '../harness/as-person.ts';
import { endAll } from '../harness/end-all.ts';
import { expectNoLeftovers } from '../harness/leftovers.ts';
import { lacking, BROWSER, CURL, NAMESPACES } from '../harness/requirements.ts';
import { APP_PORT, APP_URL, deploy, DEVICE_URL, LOGIN_ORIGIN, type Deployment } from './deployment.ts';
import { namespacesRefused, ourNamespaces } from './namespaces.ts';
import { ADDRESS, reaches } from './network.ts';

const LENGTH = 5_000_000;
const PROXY_PORT = 18_080;

const refused = await namespacesRefused();
if (refused !== null) process.stdout.write(`skipped, and so unproven: the lab: ${refused}\n`);

describe.skipIf(lacking('the lab', BROWSER, CURL, NAMESPACES) || refused !== null).each([
  { mtu: 1_500, workers: 1 },
  { mtu: 1_280, workers: 2 },
])('three networks at MTU $mtu, $workers edge worker(s)', ({ mtu, workers }) => {
  let lab: Deployment;
  let browser: TrustingBrowser;
  let page: Page;
  let context: BrowserContext;
  let agent: RunningAgent | undefined;

  beforeAll(async () => {
    lab = await deploy(mtu, workers);
    browser = await launchBrowser({ caFiles: lab.caFiles, prefix: lab.network.user.exec });
  });
  afterAll(() =>
    endAll(
      () => agent?.stop(),
      () => browser?.close(),
      () => lab?.stop(),
      () => expectNoLeftovers(),
      async () => {
        const left = (await ourNamespaces()).filter((name) => name.startsWith(`cw-${process.pid}-`));
        if (left.length > 0) throw new Error(`left behind: ${left.join(' ')}`);
      },
    ),
  );

  test('corp takes no connection from outside, and the app is out of reach', async () => {
    const { user, edge, corp } = lab.network;
    // Both could reach it before: what keeps them out is corp’s refusal alone.
    expect(await reaches(edge, ADDRESS.corp, APP_PORT)).toBe(true);
    expect(await reaches(user, ADDRESS.corp, APP_PORT)).toBe(true);
    await lab.network.closeCorp();
    expect(await reaches(edge, ADDRESS.corp, APP_PORT)).toBe(false);
    expect(await reaches(user, ADDRESS.corp, APP_PORT)).toBe(false);
    expect(await reaches(corp, ADDRESS.corp, APP_PORT)).toBe(true);
  });

  test('the browser path leads to it', async () => {
    ({ page, context } = await browser.person());
    await page.goto(`${APP_URL}/deep?x=1`);
    await pickPerson(page, 'ada');
    await page.getByRole('heading', { name: 'Private app' }).waitFor();
    expect(page.url()).toBe(`${APP_URL}/deep?x=1`);
    await page.getByRole('log').filter({ hasText: 'open' }).waitFor();
    expect(await page.evaluate('echoesOf()')).toMatchObject({ binary: true, long: true });
    // The publisher connected to it inside corp.
    const served = await page.evaluate('fetch("/host").then((answer) => answer.json())');
    expect(served).toEqual({ address: ADDRESS.corp });
  });

  test('a download through it is byte-exact', async () => {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.evaluate(`location.assign('/bytes/${mtu}/${LENGTH}')`),
    ]);
    expect(await sha256OfStream(createReadStream(await download.path()))).toEqual({
      bytes: LENGTH,
      sha256: sha256OfSeed(mtu, LENGTH),
    });
  });

  test('the agent path leads to the same app', async () => {
    const { user } = lab.network;
    const code = await deviceCode(context, LOGIN_ORIGIN);
    agent = await startAgent({
      data: join(lab.folder.path, 'agent'),
      port: PROXY_PORT,
      join: code,
      prefix: user.exec,
    });
    const answer = await curl(['--proxy', `http://${agent.proxy}`, `${DEVICE_URL}/host`], user.exec);
    expect(answer).toMatchObject({ status: 200, body: JSON.stringify({ address: ADDRESS.corp }) });
    const file = join(lab.folder.path, 'agent-download');
    const bytes = await curl(
      ['--proxy', `socks5h://${agent.proxy}`, '--output', file, `${DEVICE_URL}/bytes/${mtu + 1}/${LENGTH}`],
      user.exec,
    );
    expect(bytes.status).toBe(200);
    expect((await sha256OfStream(createReadStream(file))).sha256).toBe(sha256OfSeed(mtu + 1, LENGTH));
  });
});
