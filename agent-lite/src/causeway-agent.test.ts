import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { encodeJoinToken } from '@causeway/contract';
import { FakePop, welcome } from '@causeway/tunnel/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

const MAIN = fileURLToPath(new URL('causeway-agent.ts', import.meta.url));
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
  folder = await mkdtemp(join(tmpdir(), 'agent-'));
});

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await pop?.close();
  pop = null;
  await rm(folder, { recursive: true });
});

describe('what cannot run says why', () => {
  it.each([
    [['up'], 64, 'up needs --local-proxy'],
    [['up', '--local-proxy', '--port', 'x'], 64, '--port'],
    [['up', '--local-proxy', '--transport', 'pigeon'], 64, '--transport'],
    [['up', '--local-proxy', '--port', '0'], 77, 'CW_NOT_ENROLLED'],
    [['up', '--local-proxy', '--port', '0', '--join', 'cwjoin1.x'], 77, 'CW_TOKEN_INVALID'],
    [['explain'], 64, 'CW_USAGE'],
    [['explain', 'a.example'], 1, 'CW_AGENT_OFFLINE'],
    [['netcheck'], 77, 'CW_NOT_ENROLLED'],
    [['fly'], 64, 'CW_USAGE'],
  ])('%j', async (args, exitCode, message) => {
    const { code, err } = await start(...args, '--data', folder).ended;
    expect(err).toContain(message);
    expect(code).toBe(exitCode);
  });
});

describe('a life', () => {
  it('enrols, is up, explains, is ended by down, and forgets at logout', async () => {
    const targets = [{ host: 'wiki.corp.example', ports: ['tcp/443'] }];
    pop = await FakePop.start({
      onHello: () => [welcome(), { t: 'steer', user: 'alice', apps: [{ name: 'wiki', targets }] }],
    });
    const data = join(folder, 'data');
    const token = encodeJoinToken(pop.token('device'));
    const { ended } = start('up', '--local-proxy', '--port', '0', '--data', data, '--join', token);
    const tunnel = await pop.until(() => pop?.tunnels.find(({ said }) => said[0]?.t === 'hello'));
    expect(tunnel.serverName).toBe('agent.tunnel.pop.test');
    for (const file of ['identity.json', 'agent.sock']) {
      expect((await stat(join(data, file))).mode & 0o777).toBe(0o600);
    }
    await vi.waitFor(
      async () => {
        const { out } = await start('status', '--json', '--data', data).ended;
        expect(JSON.parse(out)).toMatchObject({ state: 'up', user: 'alice', apps: ['wiki'] });
      },
      { timeout: 10_000 },
    );
    const explained = await start('explain', 'wiki.corp.example', '--data', data).ended;
    expect(explained.out).toContain('app wiki, through the tunnel');
    const other = await start('explain', 'www.example.org:80', '--json', '--data', data).ended;
    expect(JSON.parse(other.out)).toMatchObject({ app: null, state: 'up' });
    const checked = await start('netcheck', '--json', '--data', data).ended;
    expect(JSON.parse(checked.out)).toMatchObject([
      { check: 'dns', ok: true },
      { check: 'tcp', ok: true },
      { check: 'tls', ok: true },
      { check: 'websocket', ok: true },
    ]);
    expect(checked.code).toBe(0);

    expect((await start('down', '--data', data).ended).out).toContain('ended');
    const { code, out } = await ended;
    expect(code).toBe(0);
    expect(out).not.toContain(token);
    expect((await start('logout', '--data', data).ended).out).toContain('forgotten');
    expect(existsSync(join(data, 'identity.json'))).toBe(false);
  });
});
