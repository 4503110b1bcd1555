import { hash } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import type { SessionGrant } from '../rpc/messages.ts';
import { FakeCa } from './fakes/ca.ts';
import { FakeControl } from './fakes/control.ts';
import { CrowdedEdge } from './fakes/crowd.ts';
import { ACCESS_DOMAIN, secretsOf, snapshotOf, type Configuration } from './fakes/snapshot.ts';

const EACH = 5;
/** Far more than it takes, for machines that do something else beside; `npm run bench -- control` has the figures. */
const MS = 15_000;
const BLOCKED_MS = 1_000;

let control: FakeControl | null = null;
let edge: CrowdedEdge | null = null;

afterEach(async () => {
  await edge?.stop();
  await control?.close();
});

const configuration: Configuration = {
  apps: [
    {
      name: 'wiki',
      hosts: ['wiki.corp.example'],
      ports: ['tcp/443'],
      publishers: ['p'],
      clientless: { urls: [`wiki.${ACCESS_DOMAIN}`], upstream: { host: 'wiki.corp.example', port: 443 } },
    },
  ],
  rules: [{ name: 'staff', groups: ['staff'], action: 'allow' }],
};

function grantOf(person: number, groups: readonly string[]): SessionGrant {
  return {
    tokenHash: hash('sha256', `token ${person}`, 'base64url'),
    host: `wiki.${ACCESS_DOMAIN}`,
    principal: {
      user: `u${person}`,
      displayName: '',
      groups: [...groups],
      method: 'browser',
      authenticatedAt: 0,
      session: `s_${person}`,
    },
    expiresAt: Number.MAX_SAFE_INTEGER,
  };
}

/** Begins with everybody in, and says how long the rest took and for how long the loop was kept from its timers. */
async function afterwards(sessions: number, tell: (grants: readonly SessionGrant[]) => Promise<void>) {
  const grants = Array.from({ length: sessions }, (_, person) => grantOf(person, ['staff']));
  control = new FakeControl(snapshotOf(1, configuration), await secretsOf(await FakeCa.create()));
  for (const grant of grants) control.grants.set(grant.tokenHash, grant);
  await control.listen();
  edge = await CrowdedEdge.start(control);
  const { streams } = await edge.call('open', { tokens: grants.map(({ tokenHash }) => tokenHash), each: EACH });
  expect(streams).toBe(sessions * EACH);
  await edge.call('watch', null);
  const from = performance.now();
  await tell(grants);
  const { streams: left, blockedMs } = await edge.call('report', null);
  return { left, blockedMs, ms: performance.now() - from };
}

test(
  'half of 10,000 sessions end, with five streams each, without stopping the others',
  { timeout: 60_000 },
  async () => {
    const sessions = Array.from({ length: 5_000 }, (_, person) => `s_${person}`);
    const { left, blockedMs, ms } = await afterwards(10_000, async () => control?.revoke({ sessions }));
    expect(left).toBe(5_000 * EACH);
    expect(ms).toBeLessThan(MS);
    expect(blockedMs).toBeLessThan(BLOCKED_MS);
  },
);

test('2,000 people have other groups, told five hundred at once', { timeout: 60_000 }, async () => {
  const { left, blockedMs, ms } = await afterwards(2_000, async (grants) => {
    for (let from = 0; from < grants.length; from += 500) {
      const page = grants.slice(from, from + 500);
      await control?.regroup(page.map((_, i) => grantOf(from + i, i % 2 === 0 ? ['staff', 'new'] : ['new'])));
    }
    await control?.revoke({});
  });
  expect(left).toBe(1_000 * EACH);
  expect(ms).toBeLessThan(MS);
  expect(blockedMs).toBeLessThan(BLOCKED_MS);
});
