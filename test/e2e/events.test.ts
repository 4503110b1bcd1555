import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserContext } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { curl, deviceCode, startAgent, type RunningAgent } from '../harness/agent.ts';
import { getPageAs } from '../harness/as-person.ts';
import { awaitCondition } from '../harness/await-condition.ts';
import { launchBrowser, type TrustingBrowser } from '../harness/browser.ts';
import { causeway } from '../harness/dev-pop.ts';
import { endAll } from '../harness/end-all.ts';
import { expectNoLeftovers } from '../harness/leftovers.ts';
import { startOwnApp, type OwnApp } from '../harness/own-app.ts';
import { SITE_DOMAINS, webApp } from '../harness/pop-config.ts';
import { freePort } from '../harness/ports.ts';
import { Program, ROOT, runProgram } from '../harness/program.ts';
import { BROWSER, CURL, lacking } from '../harness/requirements.ts';
import { startSite, type Site } from '../harness/site.ts';

/** From the end of a request until it is seen by who follows. */
const SEEN_MS = 1_000;
const ID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;
const HOST = 'desk.corp.example';
const RULES = [
  { name: 'not-ada', users: ['ada@corp.example'], apps: ['secret'], action: 'block', notice: 'Not for Ada.' },
  { name: 'everybody', apps: ['desk'], action: 'allow' },
];

interface Event {
  readonly id: number;
  readonly at: number;
  readonly ms: number;
  readonly decision: string;
  readonly kind: string;
  readonly user: string | null;
  readonly app: string | null;
  readonly method: string | null;
  readonly verdict: { readonly action: string; readonly rule: string | null } | null;
}

/** What an administrator elsewhere sees of what people do, over the admin API of a whole PoP. */
describe.skipIf(lacking('events over the API', BROWSER, CURL))('events', () => {
  let app: OwnApp;
  let site: Site;
  let browser: TrustingBrowser;
  let context: BrowserContext;
  let agent: RunningAgent;
  let admin: readonly string[];
  let follower: Program;

  beforeAll(async () => {
    app = await startOwnApp();
    const target = { host: '127.0.0.1', port: app.port };
    site = await startSite({
      name: 'events',
      apps: [webApp({ name: 'desk', ...target, deviceHost: HOST }), webApp({ name: 'secret', ...target })],
      rules: RULES,
      allow: [`${HOST}:80`, `127.0.0.1:${app.port}`],
      map: [`${HOST}:80=127.0.0.1:${app.port}`],
    });
    browser = await launchBrowser({ caFiles: site.caFiles });
    ({ context } = await getPageAs(browser, 'ada', site.url('desk')));
    const { token } = (await causeway(site.pop.data, 'setup', '--owner')).json as { token: string };
    const file = site.folder.file('token', `${token}\n`);
    chmodSync(file, 0o600);
    admin = ['--url', `https://admin.${SITE_DOMAINS.identity}:${site.port}`, '--token', file, '--ca', site.pop.ca];
    follower = new Program({
      name: 'causeway events --follow',
      command: process.execPath,
      args: [`${ROOT}proxy/src/cli/causeway.ts`, 'events', '--follow', '--json', ...admin],
    });
  });
  afterAll(() =>
    endAll(
      () => follower?.stop(),
      () => agent?.stop(),
      () => browser?.close(),
      () => site?.stop(),
      () => app?.stop(),
      () => expectNoLeftovers(),
    ),
  );

  async function found(...filters: readonly string[]): Promise<Event[]> {
    const { out, err, code } = await runProgram({
      name: `causeway events ${filters.join(' ')}`,
      command: process.execPath,
      args: [`${ROOT}proxy/src/cli/causeway.ts`, 'events', '--json', ...filters, ...admin],
    });
    if (code !== 0) throw new Error(err);
    return JSON.parse(out) as Event[];
  }
  const followed = (): Event[] => follower.stdout.map((line) => JSON.parse(line) as Event);
  const seen = (what: string, is: (event: Event) => boolean): Promise<Event> =>
    awaitCondition(what, async () => followed().find(is), { timeoutMs: 20_000, everyMs: 20 });

  test('who follows sees within a second what an edge has answered', async () => {
    const page = await context.newPage();
    // The first ones only show that the follower is there.
    await awaitCondition('the follower to see anything', async () => {
      await page.goto(site.url('desk', '/who?warm'));
      return followed().some(({ app: of }) => of === 'desk');
    });
    for (let i = 0; i < 3; i++) {
      await page.goto(site.url('desk', `/who/${i}`));
      const at = Date.now();
      const event = await seen('the request', (one) => JSON.stringify(one).includes(`/who/${i}"`));
      expect(Date.now() - at).toBeLessThan(SEEN_MS);
      expect(event).toMatchObject({ kind: 'request', app: 'desk', verdict: { action: 'allow', rule: 'everybody' } });
    }
    await page.close();
  });

  test('the id on a block page finds its event, and the line in the log', async () => {
    const page = await context.newPage();
    await page.goto(site.url('secret', '/plans'));
    await page.getByText('CW_POLICY_BLOCKED').waitFor();
    const decision = ID.exec(await page.getByRole('main').innerText())?.[0] ?? '';
    await page.close();
    await seen('the block', (event) => event.decision === decision);
    expect(await found('--decision', decision)).toMatchObject([
      { kind: 'request', user: 'ada@corp.example', app: 'secret', verdict: { action: 'block', rule: 'not-ada' } },
    ]);
    const log = [...site.pop.program.stdout, ...site.pop.program.stderr];
    expect(log.filter((line) => line.includes(decision) && line.includes('CW_POLICY_BLOCKED'))).toHaveLength(1);
  });

  test('a connection of a device is an event of its own, and an administrator’s deed one, too', async () => {
    agent = await startAgent({
      data: join(site.folder.path, 'agent'),
      port: await freePort(),
      join: await deviceCode(context, site.loginOrigin),
    });
    expect((await curl(['--proxy', `http://${agent.proxy}`, `http://${HOST}/who`])).status).toBe(200);
    const { decision } = await seen('the flow', ({ kind }) => kind === 'flow');
    expect(await found('--decision', decision, '--kind', 'flow')).toMatchObject([
      { method: 'agent', app: 'desk', verdict: { action: 'allow' } },
    ]);
    const [made] = await found('--kind', 'audit', '--text', 'owner token');
    expect(made).toMatchObject({ verdict: { action: 'allow' } });
    expect(await found('--kind', 'alert', '--text', 'break-glass')).toHaveLength(1);
  });

  test('who follows goes on after control was killed, and misses nothing', async () => {
    const last = followed().at(-1)?.id ?? 0;
    process.kill(site.pop.pids.control, 'SIGKILL');
    const page = await context.newPage();
    // What an edge writes meanwhile is kept beside, and stored when control is back.
    await page.goto(site.url('desk', '/who/after'));
    await page.close();
    await seen('the request after it', (event) => JSON.stringify(event).includes('/who/after"'));
    const ids = followed().map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)]);
    const stored = (await found('--limit', '500'))
      .map(({ id }) => id)
      .filter((id) => id > last && id <= Math.max(...ids));
    expect(ids.filter((id) => id > last)).toEqual(stored.toSorted((a, b) => a - b));
    expect(follower.stderr.join('\n')).toContain('connecting again');
  });
});
