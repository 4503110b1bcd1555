import { hostname } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { curl, deviceCode, revokeDevice, startAgent, type RunningAgent } from '../harness/agent.ts';
import { getPageAs } from '../harness/as-person.ts';
import { awaitCondition, within } from '../harness/await-condition.ts';
import { launchBrowser, type TrustingBrowser } from '../harness/browser.ts';
import { sha256OfSeed } from '../harness/bytes.ts';
import { endAll } from '../harness/end-all.ts';
import { expectNoLeftovers } from '../harness/leftovers.ts';
import { startOwnApp, type OwnApp } from '../harness/own-app.ts';
import { webApp } from '../harness/pop-config.ts';
import { freePort } from '../harness/ports.ts';
import { Program } from '../harness/program.ts';
import { startSite, type Site } from '../harness/site.ts';
import { lacking, BROWSER, CURL } from '../harness/requirements.ts';

const CUT_MS = 1_000;
const HOST = 'intranet.corp.example';
const HIDDEN = 'hidden.corp.example';
const NOTICE = 'Not from devices.';
const RULES = [
  { name: 'no-devices', apps: ['desk'], methods: ['agent'], action: 'block', notice: NOTICE },
  { name: 'engineers', groups: ['engineering'], apps: ['intranet', 'desk'], action: 'allow' },
];

describe.skipIf(lacking('the agent path', BROWSER, CURL)).each([1, 2])(
  'the agent path, %i edge worker(s)',
  (workers) => {
    let app: OwnApp;
    let site: Site;
    let browser: TrustingBrowser;
    let context: BrowserContext;
    let agent: RunningAgent;

    beforeAll(async () => {
      app = await startOwnApp();
      const target = { host: '127.0.0.1', port: app.port };
      site = await startSite({
        name: 'agent',
        workers,
        apps: [
          webApp({ name: 'intranet', ...target, deviceHost: HOST }),
          webApp({ name: 'desk', ...target, deviceHost: 'desk.corp.example' }),
          webApp({ name: 'hidden', ...target, deviceHost: HIDDEN }),
        ],
        rules: RULES,
        allow: [`${HOST}:80`, 'desk.corp.example:80', `${HIDDEN}:80`, `127.0.0.1:${app.port}`],
        map: [HOST, 'desk.corp.example', HIDDEN].map((name) => `${name}:80=127.0.0.1:${app.port}`),
      });
      browser = await launchBrowser({ caFiles: site.caFiles });
      ({ context } = await getPageAs(browser, 'ada', site.url('intranet')));
      agent = await startAgent({
        data: join(site.folder.path, 'agent'),
        port: await freePort(),
        join: await deviceCode(context, site.loginOrigin),
      });
    });
    afterAll(() =>
      endAll(
        () => agent?.stop(),
        () => browser?.close(),
        () => site?.stop(),
        () => app?.stop(),
        () => expectNoLeftovers(),
      ),
    );

    test.each([
      { what: 'absolute form', args: (proxy: string) => ['--proxy', `http://${proxy}`] },
      { what: 'CONNECT', args: (proxy: string) => ['--proxytunnel', '--proxy', `http://${proxy}`] },
      { what: 'SOCKS5', args: (proxy: string) => ['--proxy', `socks5h://${proxy}`] },
    ])('curl reaches the app by $what', async ({ args }) => {
      const answer = await curl([...args(agent.proxy), `http://${HOST}/who?by=agent`]);
      expect(answer.status).toBe(200);
      const seen = JSON.parse(answer.body) as { url: string; headers: Record<string, string> };
      expect(seen.url).toBe('/who?by=agent');
      expect(seen.headers['host']).toBe(HOST);
      expect(Object.keys(seen.headers).filter((name) => name.startsWith('proxy-'))).toEqual([]);
    });

    test('bytes arrive exactly', async () => {
      const length = 20_000_000;
      const { out } = await new Promise<{ out: string }>((resolve) => {
        const program = new Program({
          name: 'curl | sha256sum',
          command: 'sh',
          args: [
            '-c',
            `curl -q -sS --noproxy '' --proxy socks5h://${agent.proxy} http://${HOST}/bytes/${workers}/${length} | sha256sum`,
          ],
        });
        void program.exited.then(() => resolve({ out: program.stdout.join('') }));
      });
      expect(out.split(' ')[0]).toBe(sha256OfSeed(workers, length));
    });

    test('the same policy decides: a rule with a notice, an app that is not given, one that does not exist', async () => {
      const proxy = ['--proxy', `http://${agent.proxy}`];
      const blocked = await curl([...proxy, 'http://desk.corp.example/']);
      expect(blocked.status).toBe(403);
      expect(blocked.body).toContain(NOTICE);
      const ungiven = await curl([...proxy, `http://${HIDDEN}/`]);
      const unknown = await curl([...proxy, 'http://nothing.corp.example/']);
      expect(ungiven.status).toBe(404);
      expect(unknown.status).toBe(404);
      const anonymous = (text: string): string => text.replaceAll(/(?:hidden|nothing)\.corp\.example|[\w-]{20,}/g, 'X');
      expect(anonymous(unknown.body)).toBe(anonymous(ungiven.body));
    });

    test('revoking the device in the portal cuts its flows within a second, for good', async () => {
      const running = new Program({
        name: 'curl of an endless download',
        command: 'sh',
        args: [
          '-c',
          `exec curl -q -sS --noproxy '' --proxy http://${agent.proxy} -o "$0" http://${HOST}/endless`,
          join(site.folder.path, 'endless'),
        ],
      });
      await awaitCondition('the flow to be open', async () => {
        const { edges } = await site.pop.status();
        return edges.some((edge) => edge.openStreams > 0);
      });
      const cut = running.exited.then(() => Date.now());
      const at = await revokeDevice(context, site.loginOrigin, hostname());
      expect((await within('the flow to be cut', 10_000, cut)) - at).toBeLessThan(CUT_MS);
      expect(running.exit?.code).not.toBe(0);
      const after = await curl(['--proxy', `http://${agent.proxy}`, `http://${HOST}/`]);
      expect(after.status).not.toBe(200);
      const { devices } = await site.pop.status();
      expect(devices.map(({ connected }) => connected)).toEqual([false]);
    });
  },
);
