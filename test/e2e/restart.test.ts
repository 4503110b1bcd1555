import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { curl, deviceCode, startAgent } from '../harness/agent.ts';
import { awaitCondition } from '../harness/await-condition.ts';
import { launchBrowser, type TrustingBrowser } from '../harness/browser.ts';
import { endAll } from '../harness/end-all.ts';
import { expectNoLeftovers } from '../harness/leftovers.ts';
import { startOwnApp, type OwnApp } from '../harness/own-app.ts';
import { ALLOW_ALL, PUBLISHER, webApp } from '../harness/pop-config.ts';
import { awaitPublisher } from '../harness/pop.ts';
import { freePort } from '../harness/ports.ts';
import { startSite, type Site } from '../harness/site.ts';
import { visit, type Visitor } from '../harness/visitor.ts';
import { lacking, BROWSER, CURL } from '../harness/requirements.ts';

describe.skipIf(lacking('restart', BROWSER, CURL))(
  'a restart of the whole PoP, with a publisher behind a network where only HTTPS passes',
  () => {
    let app: OwnApp;
    let site: Site;
    let browser: TrustingBrowser;
    let visitor: Visitor;

    beforeAll(async () => {
      app = await startOwnApp();
      site = await startSite({
        name: 'restart',
        transport: 'websocket',
        apps: [webApp({ name: 'intranet', host: '127.0.0.1', port: app.port, deviceHost: 'intranet.corp.example' })],
        rules: ALLOW_ALL,
        allow: [`127.0.0.1:${app.port}`, 'intranet.corp.example:80'],
        map: [`intranet.corp.example:80=127.0.0.1:${app.port}`],
      });
      browser = await launchBrowser({ caFiles: site.caFiles });
      visitor = await visit(site, browser, 'ada', ['intranet']);
    });
    afterAll(() =>
      endAll(
        () => browser?.close(),
        () => site?.stop(),
        () => app?.stop(),
        () => expectNoLeftovers(),
      ),
    );

    test('sessions, enrolments and the CA are kept; publisher and agent come back by themselves', async () => {
      const agent = await startAgent({
        data: join(site.folder.path, 'agent'),
        port: await freePort(),
        join: await deviceCode(visitor.context, site.loginOrigin),
      });
      try {
        const proxy = ['--proxy', `http://${agent.proxy}`, 'http://intranet.corp.example/'];
        expect((await curl(proxy)).status).toBe(200);
        const before = await site.pop.status();

        await site.restartPop();
        await awaitPublisher(site.pop.data, PUBLISHER, 1, site.publisher);
        expect((await visitor.get('intranet')).status).toBe(200);
        await awaitCondition('the agent to be back', async () => (await curl(proxy)).status === 200, {
          timeoutMs: 20_000,
        });
        const after = await site.pop.status();
        expect(after.sessions).toBe(before.sessions);
        expect(after.snapshot).toBe(before.snapshot);
        expect(after.devices.map(({ id, user }) => ({ id, user }))).toEqual(
          before.devices.map(({ id, user }) => ({ id, user })),
        );
      } finally {
        await agent.stop();
      }
    });
  },
);
