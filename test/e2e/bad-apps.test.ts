import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { awaitCondition } from '../harness/await-condition.ts';
import { startGarbageApp, startHalfApp, startTlsApp, type BadApp } from '../harness/bad-apps.ts';
import { launchBrowser, type TrustingBrowser } from '../harness/browser.ts';
import { makeAuthority } from '../harness/certificates.ts';
import { endAll } from '../harness/end-all.ts';
import { expectNoLeftovers } from '../harness/leftovers.ts';
import { startOwnApp, type OwnApp } from '../harness/own-app.ts';
import { ALLOW_ALL, webApp } from '../harness/pop-config.ts';
import { temporaryFolder, type Folder } from '../harness/pop.ts';
import { freePort } from '../harness/ports.ts';
import { startSite, type Site } from '../harness/site.ts';
import { visit, type Visitor } from '../harness/visitor.ts';
import { lacking, BROWSER } from '../harness/requirements.ts';

const DAY_MS = 24 * 3_600_000;

/** Each ends in a page that says what it is, with a code; none hangs, and none disturbs its neighbours. */
const CASES = [
  { app: 'down', what: 'an app that does not run', code: 'CW_APP_REFUSED' },
  { app: 'garbage', what: 'an app that answers something else than HTTP', code: 'CW_APP_GARBAGE' },
  { app: 'split', what: 'an app whose header breaks a line', code: 'CW_APP_GARBAGE' },
  { app: 'nameless', what: 'an app whose name nobody knows', code: 'CW_DNS_FAILED' },
  {
    app: 'forbidden',
    what: 'an app that the publisher’s own allow-list does not permit',
    code: 'CW_PUBLISHER_REFUSED',
  },
  { app: 'foreign', what: 'an app with a certificate of a foreign CA', code: 'CW_APP_TLS' },
  { app: 'expired', what: 'an app with an expired certificate', code: 'CW_APP_TLS' },
  { app: 'early', what: 'an app whose clock is ahead: its certificate is not valid yet', code: 'CW_APP_TLS' },
] as const;

describe.skipIf(lacking('bad days of apps', BROWSER))('bad days of apps', () => {
  let folder: Folder;
  let good: OwnApp;
  let site: Site;
  let browser: TrustingBrowser;
  let visitor: Visitor;
  let downPort: number;
  const bad: BadApp[] = [];

  beforeAll(async () => {
    folder = temporaryFolder('bad-apps');
    good = await startOwnApp();
    downPort = await freePort();
    const started = async (app: Promise<BadApp>): Promise<number> => {
      bad.push(await app);
      return (await app).port;
    };
    const authority = await makeAuthority(join(folder.path, 'ca'), 'foreign CA');
    const names = ['localhost'];
    const now = Date.now();
    const lives = {
      foreign: {},
      expired: { notBefore: now - 3 * DAY_MS, notAfter: now - DAY_MS },
      early: { notBefore: now + DAY_MS, notAfter: now + 2 * DAY_MS },
    };
    const tls: [string, number][] = [];
    for (const [name, life] of Object.entries(lives)) {
      tls.push([name, await started(startTlsApp(await authority.issue({ names, ...life })))]);
    }
    const garbage = await started(startGarbageApp(Buffer.from('\u0000\u0001\u0002 no HTTP at all \n\n')));
    const split = 'HTTP/1.1 302 Found\r\nlocation: /x\r\n y: folded\rbare\r\ncontent-length: 0\r\n\r\n';
    const splitPort = await started(startGarbageApp(Buffer.from(split)));
    const half = await started(startHalfApp());
    const forbidden = await started(startHalfApp());
    const host = '127.0.0.1';
    const https = (port: number): object => ({ upstream: { scheme: 'https', host, port, serverName: 'localhost' } });
    const nameless = 'no-such-name.invalid';
    site = await startSite({
      name: 'bad-apps',
      apps: [
        webApp({ name: 'good', host, port: good.port }),
        webApp({ name: 'down', host, port: downPort }),
        webApp({ name: 'garbage', host, port: garbage }),
        webApp({ name: 'split', host, port: splitPort }),
        webApp({ name: 'half', host, port: half }),
        webApp({ name: 'nameless', host: nameless, port: 80 }),
        webApp({ name: 'forbidden', host, port: forbidden }),
        ...tls.map(([name, port]) => webApp({ name, host, port, clientless: https(port) })),
      ],
      rules: ALLOW_ALL,
      allow: [
        ...[good.port, downPort, garbage, splitPort, half, ...tls.map(([, port]) => port)].map(
          (port) => `${host}:${port}`,
        ),
        `${nameless}:80`,
      ],
    });
    browser = await launchBrowser({ caFiles: site.caFiles });
    visitor = await visit(site, browser, 'ada', ['good', 'half', ...CASES.map(({ app }) => app)]);
  });
  afterAll(() =>
    endAll(
      () => browser?.close(),
      () => site?.stop(),
      () => good?.stop(),
      () => Promise.all(bad.map((app) => app.stop())),
      () => folder?.forget(),
      () => expectNoLeftovers(),
    ),
  );

  test.each(CASES)('$what: a page with $code', async ({ app, code }) => {
    const answer = await visitor.get(app);
    expect(answer.status).toBe(502);
    expect(answer.headers['content-type']).toContain('text/html');
    expect(answer.body).toContain(code);
    expect(answer.body).not.toMatch(/\bat .+\.ts:\d+/);
    expect((await visitor.get('good')).status).toBe(200);
  });

  test('a program is told the same as JSON', async () => {
    const answer = await visitor.get('down', '/', { accept: 'application/json' });
    expect(answer.status).toBe(502);
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'CW_APP_REFUSED' });
  });

  test('an answer that stops half-way is cut, not ended as if it were whole', async () => {
    const download = await visitor.download('half', '/');
    expect(download.status).toBe(200);
    expect((await download.ended).complete).toBe(false);
    expect(download.bytes).toBeLessThanOrEqual(500);
  });

  test('an app that comes back is there again at once', async () => {
    const back = await startOwnApp({ port: downPort });
    try {
      const there = await awaitCondition(
        'the app to be there',
        async () => (await visitor.get('down')).status === 200,
        {
          timeoutMs: 5_000,
        },
      );
      expect(there).toBe(true);
    } finally {
      await back.stop();
    }
  });
});
