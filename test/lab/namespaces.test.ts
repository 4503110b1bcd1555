import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { namespacesRefused, ourNamespaces, removeStaleNamespaces } from './namespaces.ts';
import { buildNetwork } from './network.ts';

const refused = await namespacesRefused();
if (refused !== null) process.stdout.write(`skipped, and so unproven: the lab: ${refused}\n`);

test.skipIf(refused !== null)(
  'what a crashed run left behind is removed, and what a living one uses is not',
  async () => {
    const dead = spawn(process.execPath, ['-e', '']);
    await once(dead, 'exit');
    const stale = `cw-${dead.pid}-edge`;
    execFileSync('ip', ['netns', 'add', stale]);
    mkdirSync(`/etc/netns/${stale}`, { recursive: true });
    writeFileSync(`/etc/netns/${stale}/hosts`, '');
    const lost = spawn('ip', ['netns', 'exec', stale, 'sleep', '600'], { stdio: 'ignore' });
    const gone = once(lost, 'exit');
    const network = await buildNetwork(1_500);
    try {
      await gone;
      const left = await ourNamespaces();
      expect(left).not.toContain(stale);
      expect(left).toEqual(expect.arrayContaining([network.user.name, network.edge.name, network.corp.name]));
      expect(await removeStaleNamespaces()).toEqual([]);
    } finally {
      lost.kill('SIGKILL');
      await network.remove();
    }
    expect(await ourNamespaces()).not.toContain(network.edge.name);
  },
);
