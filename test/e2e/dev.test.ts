import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { curl, deviceCode } from '../harness/agent.ts';
import { cookieFor, getPageAs } from '../harness/as-person.ts';
import { awaitCondition } from '../harness/await-condition.ts';
import { launchBrowser } from '../harness/browser.ts';
import { devPorts, startDev, type DevPop, type DevPorts } from '../harness/dev-pop.ts';
import { fetchText, NAVIGATION } from '../harness/https-client.ts';
import { endAll } from '../harness/end-all.ts';
import { expectNoLeftovers } from '../harness/leftovers.ts';
import { temporaryFolder, type Folder } from '../harness/pop.ts';
import { accepts } from '../harness/ports.ts';
import { BROWSER, CURL, lacking } from '../harness/requirements.ts';

/** The way of a person who tries it: start, sign in, connect a device, stop, start again the day after. */
describe.skipIf(lacking('causeway dev', BROWSER, CURL))('causeway dev --agent, stopped and started again', () => {
  let folder: Folder;
  let ports: DevPorts;
  let dev: DevPop | undefined;
  let cookie = '';
  const proxied = (): Promise<{ status: number; body: string }> =>
    curl(['--proxy', `http://${dev?.agentProxy ?? ''}`, 'http://intranet.corp.example/']);

  beforeAll(async () => {
    folder = temporaryFolder('dev');
    ports = await devPorts();
  });
  afterEach(async () => {
    await dev?.stop();
    for (const [what, port] of Object.entries(ports)) {
      if (await accepts(port)) throw new Error(`${what} still listens on ${port}`);
    }
  });
  afterAll(() =>
    endAll(
      () => folder?.forget(),
      () => expectNoLeftovers(),
    ),
  );

  const start = async (): Promise<DevPop> => (dev = await startDev({ agent: true, data: folder.path, ports }));

  test('a signed-in person’s code, typed where it asks for it, connects the device', async () => {
    const { ca, url, urls, program } = await start();
    const browser = await launchBrowser({ caFiles: [ca] });
    try {
      const { context } = await getPageAs(browser, 'ada', url('intranet'));
      cookie = await cookieFor(context, url('intranet'));
      program.type(await deviceCode(context, urls.portal));
      const answer = await awaitCondition(
        'the app through the agent',
        async () => {
          const seen = await proxied();
          return seen.status === 200 && seen;
        },
        { timeoutMs: 30_000, everyMs: 300 },
      );
      expect(answer.body).toMatch(/<html/i);
    } finally {
      await browser.close();
    }
  });

  test('a second start keeps session and enrolments', async () => {
    const { ca, url } = await start();
    const page = await fetchText(url('intranet'), { caFile: ca, headers: { cookie, ...NAVIGATION } });
    expect(page.status).toBe(200);
    const through = await awaitCondition('the agent', async () => (await proxied()).status === 200, {
      timeoutMs: 30_000,
      everyMs: 300,
    });
    expect(through).toBe(true);
  });
});
