import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { getPageAs } from '../harness/as-person.ts';
import { awaitCondition } from '../harness/await-condition.ts';
import { launchBrowser, type TrustingBrowser } from '../harness/browser.ts';
import { endAll } from '../harness/end-all.ts';
import { expectNoLeftovers } from '../harness/leftovers.ts';
import { startNodeRed, type NodeRed } from '../harness/node-red.ts';
import { temporaryFolder, type Folder } from '../harness/pop.ts';
import { ALLOW_ALL, webApp } from '../harness/pop-config.ts';
import { startSite, type Site } from '../harness/site.ts';
import { lacking, BROWSER } from '../harness/requirements.ts';

/** Nodes of a flow are drawn, so they have no roles; these are the names that Node-RED's own tests use. */
const CANVAS = '#red-ui-workspace-chart .red-ui-workspace-chart-event-layer';
const DEPLOY = '#red-ui-header-button-deploy';
const palette = (type: string): string => `.red-ui-palette-node[data-palette-type="${type}"]`;

describe.skipIf(lacking('Node-RED', BROWSER)).each([1, 2])(
  'Node-RED behind its custom URL, %i edge worker(s)',
  (workers) => {
    let folder: Folder;
    let nodeRed: NodeRed;
    let site: Site;
    let browser: TrustingBrowser;
    let page: Page;
    const sockets: string[] = [];

    beforeAll(async () => {
      folder = temporaryFolder('node-red');
      nodeRed = await startNodeRed(folder);
      site = await startSite({
        name: 'third-party',
        workers,
        apps: [webApp({ name: 'flows', host: '127.0.0.1', port: nodeRed.port })],
        rules: ALLOW_ALL,
        allow: [`127.0.0.1:${nodeRed.port}`],
      });
      browser = await launchBrowser({ caFiles: site.caFiles });
      ({ page } = await getPageAs(browser, 'ada', site.url('flows')));
      page.on('websocket', (socket) => sockets.push(socket.url()));
      await page.setViewportSize({ width: 1_400, height: 900 });
      await page.reload();
    });
    afterAll(() =>
      endAll(
        () => browser?.close(),
        () => site?.stop(),
        () => nodeRed?.stop(),
        () => folder?.forget(),
        () => expectNoLeftovers(),
      ),
    );

    test('the editor loads whole, and opens its WebSocket through the custom URL', async () => {
      await page.locator(palette('inject')).waitFor();
      await page.locator(DEPLOY).waitFor();
      await awaitCondition('the editor’s WebSocket', () => sockets.length > 0);
      expect(new URL(sockets[0] ?? '').host).toBe(new URL(site.url('flows')).host);
    });

    test('a flow that is drawn and deployed in the editor runs, and its messages come back live', async () => {
      const canvas = page.locator(CANVAS);
      await page.locator(palette('inject')).dragTo(canvas, { targetPosition: { x: 150, y: 150 }, force: true });
      await page.locator(palette('debug')).dragTo(canvas, { targetPosition: { x: 450, y: 150 }, force: true });
      const nodes = page.locator('g.red-ui-flow-node');
      await awaitCondition('both nodes to be drawn', async () => (await nodes.count()) === 2);
      await wire(page, page.locator('.red-ui-flow-port-output'), page.locator('.red-ui-flow-port-input'));

      await page.locator(DEPLOY).click();
      await page.getByText('Successfully deployed').waitFor();
      const stored = JSON.parse(readFileSync(join(folder.path, 'node-red/flows.json'), 'utf8')) as { type: string }[];
      expect(stored.map(({ type }) => type)).toEqual(expect.arrayContaining(['inject', 'debug']));

      await page.getByText('Successfully deployed').waitFor({ state: 'hidden' });
      const before = Date.now();
      await page.locator('.red-ui-flow-node-button-button').first().click({ force: true });
      const message = page.locator('.red-ui-debug-msg-payload').first();
      await message.waitFor();
      const told = Number(await message.textContent());
      expect(told).toBeGreaterThanOrEqual(before - 1_000);
      expect(told).toBeLessThanOrEqual(Date.now() + 1_000);
    });

    test('what was deployed is there after a reload', async () => {
      await page.reload();
      await awaitCondition(
        'the flow to be drawn again',
        async () => (await page.locator('.red-ui-flow-link').count()) > 0,
      );
      expect(await page.locator('.red-ui-flow-port-output').count()).toBe(1);
    });
  },
);

/** Draws a wire with the mouse, from the middle of a port to the middle of another. */
async function wire(page: Page, from: Locator, to: Locator): Promise<void> {
  const middle = async (port: Locator): Promise<[number, number]> => {
    const box = await port.boundingBox();
    if (box === null) throw new Error('the port is not drawn');
    return [box.x + box.width / 2, box.y + box.height / 2];
  };
  await page.mouse.move(...(await middle(from)));
  await page.mouse.down();
  await page.mouse.move(...(await middle(to)), { steps: 8 });
  await page.mouse.up();
  await awaitCondition('the wire to be drawn', async () => (await page.locator('.red-ui-flow-link').count()) === 1);
}
