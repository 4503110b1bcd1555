import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { awaitCondition, within } from '../harness/await-condition.ts';
import { launchBrowser, type TrustingBrowser } from '../harness/browser.ts';
import { endAll } from '../harness/end-all.ts';
import { awaitGone, expectNoLeftovers, isAlive } from '../harness/leftovers.ts';
import { startOwnApp, type OwnApp } from '../harness/own-app.ts';
import { ALLOW_ALL, PUBLISHER, webApp } from '../harness/pop-config.ts';
import { awaitPublisher } from '../harness/pop.ts';
import { signOut } from '../harness/sign-out.ts';
import { startSite, type Site } from '../harness/site.ts';
import { visit, type Visitor } from '../harness/visitor.ts';
import { lacking, BROWSER } from '../harness/requirements.ts';

/** "Within seconds", with room for a machine that is busy. */
const RECOVERY = { timeoutMs: 15_000, everyMs: 100 };

describe.skipIf(lacking('bad days of processes', BROWSER)).each([1, 2])(
  'bad days of processes, %i edge worker(s)',
  (workers) => {
    let app: OwnApp;
    let site: Site;
    let browser: TrustingBrowser;
    let visitor: Visitor;

    beforeAll(async () => {
      app = await startOwnApp();
      const target = { host: '127.0.0.1', port: app.port };
      site = await startSite({
        name: 'bad-processes',
        workers,
        apps: [webApp({ name: 'intranet', ...target })],
        rules: ALLOW_ALL,
        allow: [`127.0.0.1:${app.port}`],
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

    test('a publisher that is killed in the middle of a download, and comes back', async () => {
      const download = await visitor.download('intranet', '/endless');
      await awaitCondition('the download to run', () => download.bytes > 100_000);
      site.publisher.signal('SIGKILL');
      const end = await within('the download to end', 5_000, download.ended);
      expect(end.complete).toBe(false);
      await site.publisher.exited;

      const without = await visitor.get('intranet');
      expect(without.status).toBe(502);
      expect(without.body).toContain('CW_NO_PUBLISHER');
      const told = await awaitCondition('the PoP to call it degraded', async () => {
        const { degraded } = await site.pop.status();
        return degraded.length > 0 && degraded;
      });
      expect(told.join('\n')).toContain(PUBLISHER);
      const ready = await fetch(`${site.pop.operations}/readyz`, { signal: AbortSignal.timeout(5_000) });
      expect(ready.status).toBe(200);

      await site.restartPublisher();
      expect((await visitor.get('intranet')).status).toBe(200);
      await awaitCondition('nothing to be degraded', async () => (await site.pop.status()).degraded.length === 0);
    });

    test('an edge worker that is killed: others serve, it comes back, sessions live on', async () => {
      const before = await site.pop.status();
      const victim = before.edges[0];
      if (victim === undefined) throw new Error('no edge worker');
      process.kill(victim.pid, 'SIGKILL');
      await awaitGone([victim.pid]);
      await awaitCondition('the app to be there', async () => (await visitor.get('intranet')).status === 200, RECOVERY);
      await awaitPublisher(site.pop.data, PUBLISHER, workers, site.publisher);
      const after = await site.pop.status();
      expect(new Set(after.edges.map(({ worker }) => worker))).toEqual(
        new Set(before.edges.map(({ worker }) => worker)),
      );
      expect(after.edges.map(({ pid }) => pid)).not.toContain(victim.pid);
      for (const edge of after.edges) expect(isAlive(edge.pid)).toBe(true);
    });

    test('a control process that is killed: what runs goes on, then people can sign in again', async () => {
      const download = await visitor.download('intranet', '/endless');
      await awaitCondition('the download to run', () => download.bytes > 100_000);
      const control = site.pop.pids.control;
      process.kill(control, 'SIGKILL');
      await awaitGone([control]);
      expect((await visitor.get('intranet')).status).toBe(200);
      const had = download.bytes;
      await awaitCondition('the download to go on', () => download.bytes > had + 100_000);

      await awaitCondition(
        'control to be back',
        async () => (await fetch(`${site.pop.operations}/readyz`)).ok,
        RECOVERY,
      );
      await awaitCondition(
        'the edges to have found it',
        async () => (await site.pop.status()).edges.length === workers,
        RECOVERY,
      );
      const { context } = await visit(site, browser, 'ben', ['intranet']);
      await context.close();
      // Still the same stream, and it still obeys: sign-out through the new control process cuts it.
      await signOut(visitor.context, site.loginOrigin);
      expect((await within('the download to be cut', 5_000, download.ended)).complete).toBe(false);
    });
  },
);
