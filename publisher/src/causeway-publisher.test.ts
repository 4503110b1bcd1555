import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { encodeJoinToken } from '@causeway/contract';
import { FakePop, welcome } from '@causeway/tunnel/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

const MAIN = fileURLToPath(new URL('causeway-publisher.ts', import.meta.url));
const children: ChildProcess[] = [];
let folder: string;
let pop: FakePop | null = null;

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function start(...args: string[]): { child: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]).then(
    ([out, err, [code]]) => ({ code: code as number | null, out, err }),
  );
  return { child, ended };
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'publisher-'));
});

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await pop?.close();
  pop = null;
  await rm(folder, { recursive: true });
});

describe('what cannot run says why', () => {
  it('a configuration that is wrong, with file and line', async () => {
    const file = join(folder, 'publisher.yaml');
    await writeFile(file, 'transport: tls\nallow:\n  - 10.0.0.0/8\n');
    const { code, err } = await start('up', '--config', file).ended;
    expect(err).toContain(`CW_CONFIG_INVALID: ${file}:3: allow.0: `);
    expect(code).toBe(78);
  });

  it.each([
    [['up', '--config', '/nonexistent.yaml'], 78, 'CW_CONFIG_MISSING'],
    [['up', '--allow', 'nonsense'], 78, 'CW_CONFIG_INVALID'],
    [['up', '--transport', 'pigeon'], 78, 'CW_CONFIG_INVALID'],
    [['up', '--wat'], 64, 'CW_USAGE'],
    [['fly'], 64, 'CW_USAGE'],
    [['up'], 77, 'CW_NOT_ENROLLED'],
    [['up', '--join', 'cwjoin1.nonsense'], 77, 'CW_TOKEN_INVALID'],
  ])('%j', async (args, exitCode, message) => {
    const { code, err } = await start(...args, '--data', join(folder, 'data')).ended;
    expect(err).toContain(message);
    expect(code).toBe(exitCode);
  });

  it('a token that the PoP does not take, and one for another CA', async () => {
    pop = await FakePop.start();
    const used = encodeJoinToken({ ...pop.token('publisher'), secret: 'used-up-used-up-used-up' });
    expect(await start('up', '--join', used, '--data', folder).ended).toMatchObject({
      code: 77,
      err: expect.stringContaining('CW_TOKEN_INVALID') as string,
    });
    const foreign = encodeJoinToken({ ...pop.token('publisher'), ca: '0'.repeat(64) });
    expect(await start('up', '--join', foreign, '--data', folder).ended).toMatchObject({
      code: 77,
      err: expect.stringContaining('CW_CA_MISMATCH') as string,
    });
    const device = encodeJoinToken(pop.token('device'));
    expect((await start('up', '--join', device, '--data', folder).ended).code).toBe(77);
  });
});

describe('a life', () => {
  it('enrols, serves, tells its status, and ends at SIGTERM; then needs no token', async () => {
    pop = await FakePop.start({
      onHello: () => [welcome(), { t: 'assign', apps: [{ name: 'wiki', targets: [] }] }],
    });
    const data = join(folder, 'data');
    const token = encodeJoinToken(pop.token('publisher'));
    const one = start('up', '--join', token, '--data', data, '--allow', 'wiki.example:80');
    const tunnel = await pop.until(() => pop?.tunnels.find(({ said }) => said[0]?.t === 'hello'));
    expect(tunnel.serverName).toBe('w0.tunnel.pop.test');
    expect((await stat(join(data, 'identity.json'))).mode & 0o777).toBe(0o600);
    expect((await stat(data)).mode & 0o777).toBe(0o700);

    await vi.waitFor(
      async () => {
        const { code, out } = await start('status', '--json', '--data', data).ended;
        expect(JSON.parse(out)).toMatchObject({ state: 'serving', links: [{ worker: 0, up: true, apps: ['wiki'] }] });
        expect(code).toBe(0);
      },
      { timeout: 10_000 },
    );
    const second = await start('up', '--data', data).ended;
    expect(second).toMatchObject({ code: 75, err: expect.stringContaining('CW_DATA_LOCKED') as string });

    one.child.kill('SIGTERM');
    const { code, out } = await one.ended;
    expect(code).toBe(0);
    const { key } = JSON.parse(await readFile(join(data, 'identity.json'), 'utf8')) as { key: string };
    for (const secret of [pop.secret, token, key.split('\n')[1] ?? '?']) expect(out).not.toContain(secret);

    const again = start('up', '--data', data);
    await pop.until(() => pop?.tunnels.find(({ said }) => said[0]?.t === 'hello'));
    again.child.kill('SIGINT');
    expect((await again.ended).code).toBe(0);
    expect((await start('status', '--data', data).ended).code).toBe(1);
  });
});
