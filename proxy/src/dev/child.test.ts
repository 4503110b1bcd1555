import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startDevChild, type DevChild } from './child.ts';
import { startIdp, startIntranet, type Demo } from './dev.ts';
import { demoPorts } from './demo-names.ts';
import { idpKeys } from './idp/keys.ts';

let dataDir: string;
let demo: Demo;
const children: DevChild[] = [];

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'causeway-dev-child-'));
  demo = { dataDir, ports: demoPorts({ idp: 0 }), workers: 1, app: null };
});
afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => child.stop()));
  await rm(dataDir, { recursive: true, force: true });
});

const track = async (child: Promise<DevChild>): Promise<DevChild> => {
  children.push(await child);
  return child;
};

function runs(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function program(text: string): Promise<string> {
  const file = join(dataDir, 'program.mjs');
  await writeFile(file, text);
  return file;
}

describe('a process of the demo', () => {
  it('is ready when it answers, and gone when it was stopped', async () => {
    const child = await track(startIntranet(demo));
    for (const port of child.ports) expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200);
    await child.stop();
    expect(await child.exited).toBe(0);
    expect(runs(child.pid)).toBe(false);
    await child.stop();
  });

  it('speaks TLS where it is the identity provider', async () => {
    const { key, certificate } = await idpKeys(join(dataDir, 'idp'));
    const child = await track(startIdp(demo, { key, cert: certificate }));
    const url = `https://127.0.0.1:${child.ports[0]}/metadata`;
    const [answer] = (await once(request(url, { rejectUnauthorized: false, agent: false }).end(), 'response')) as [
      IncomingMessage,
    ];
    answer.resume();
    expect(answer.statusCode).toBe(200);
    await once(answer, 'end');
  });

  it('says that its port is taken', async () => {
    const { key, certificate } = await idpKeys(join(dataDir, 'idp'));
    const first = await track(startIdp(demo, { key, cert: certificate }));
    const taken = { ...demo, ports: demoPorts({ idp: first.ports[0] ?? 0 }) };
    await expect(startIdp(taken, { key, cert: certificate })).rejects.toMatchObject({ code: 'CW_PORT_IN_USE' });
  });

  it('that fails at once is told with the end of its log', async () => {
    const main = await program('console.error("no disk"); process.exit(3);');
    await expect(
      startDevChild({ name: 'broken', main, args: [], logDir: join(dataDir, 'log'), up: 'says-ready' }),
    ).rejects.toMatchObject({ code: 'CW_CHILD_FAILED', message: expect.stringMatching(/ended with 3[^]*no disk/) });
  });

  it('ends with whoever started it, even by kill -9', async () => {
    const endless = await program('setInterval(() => {}, 1_000);');
    const starter = join(dataDir, 'starter.mjs');
    await writeFile(
      starter,
      `import { startDevChild } from ${JSON.stringify(new URL('child.ts', import.meta.url).href)};
      const options = { name: 'endless', main: ${JSON.stringify(endless)}, args: [], logDir: '${dataDir}/log', up: 'runs' };
      process.send((await startDevChild(options)).pid);`,
    );
    const parent = fork(starter, { execPath: process.execPath, execArgv: [] });
    const [pid] = (await once(parent, 'message')) as [number];
    expect(runs(pid)).toBe(true);
    parent.kill('SIGKILL');
    await expect.poll(() => runs(pid), { timeout: 10_000 }).toBe(false);
  });
});
