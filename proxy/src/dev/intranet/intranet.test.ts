import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { fileName } from './files.ts';
import { intranet } from './intranet.ts';
import { notes } from './notes.ts';
import { pseudoRandomBlocks } from './pseudo-random.ts';

let dataDir: string;
let site: ReturnType<typeof intranet>;
let notesServer: Server;
let base: string;
let notesBase: string;

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function close(server: Server): Promise<void> {
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
}

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'causeway-intranet-'));
  site = intranet(dataDir);
  notesServer = notes();
  base = await listen(site.server);
  notesBase = await listen(notesServer);
});
afterAll(async () => {
  site.stop();
  await Promise.all([close(site.server), close(notesServer)]);
  await rm(dataDir, { recursive: true, force: true });
});

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe('the intranet', () => {
  it.each(['/', '/teams/platform?tab=people', '/files', '/live', '/whoami', '/handbook'])('has %s', async (path) => {
    const answer = await fetch(base + path);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(await answer.text()).toContain('<link rel="stylesheet" href="/assets/style.css">');
  });

  it('has every asset that its pages name', async () => {
    for (const path of ['style.css', 'logo.svg', 'live.js', 'files.js']) {
      expect((await fetch(`${base}/assets/${path}`)).status).toBe(200);
    }
    expect((await fetch(`${base}/assets/other.css`)).status).toBe(404);
  });

  it('keeps the tab of a deep link', async () => {
    expect(await (await fetch(`${base}/teams/platform?tab=people`)).text()).toContain('<h2>Platform people</h2>');
    expect(await (await fetch(`${base}/teams/platform?tab=constructor`)).text()).toContain('Platform projects');
  });

  it('counts visits in a cookie', async () => {
    const first = await fetch(base);
    expect(first.headers.get('set-cookie')).toMatch(/^visits=1;/);
    const second = await fetch(base, { headers: { cookie: 'other=1; visits=1' } });
    expect(second.headers.get('set-cookie')).toMatch(/^visits=2;/);
  });

  it('shows the headers it got, escaped, and as JSON', async () => {
    const page = await (await fetch(`${base}/whoami`, { headers: { 'x-probe': '<b>' } })).text();
    expect(page).toContain('&lt;b&gt;');
    const answer = await fetch(`${base}/whoami`, { headers: { 'x-probe': 'a', accept: 'application/json' } });
    const { headers } = (await answer.json()) as { headers: [string, string][] };
    expect(headers).toContainEqual(['x-probe', 'a']);
  });

  it('redirects to an absolute address of the host it was asked for', async () => {
    const [answer] = (await once(
      request(`${base}/go`, { headers: { host: 'intranet.corp.example' } }).end(),
      'response',
    )) as [import('node:http').IncomingMessage];
    answer.resume();
    expect(answer.headers.location).toBe('http://intranet.corp.example/handbook');
  });

  it('stores an upload and gives it back, byte for byte', async () => {
    const bytes = Buffer.concat([...pseudoRandomBlocks(3, 300_001)]);
    const stored = await fetch(`${base}/files?name=${encodeURIComponent('Größe 1.bin')}`, {
      method: 'POST',
      body: bytes,
    });
    expect(stored.status).toBe(201);
    expect(await stored.json()).toEqual({ name: 'Größe 1.bin', bytes: bytes.length, sha256: sha256(bytes) });
    const given = await fetch(`${base}/files/${encodeURIComponent('Größe 1.bin')}`);
    expect(sha256(await given.bytes())).toBe(sha256(bytes));
    expect(await (await fetch(`${base}/files`)).text()).toContain('Größe 1.bin');
  });

  it('leaves nothing of an upload that broke off', async () => {
    const upload = request(`${base}/files?name=half`, { method: 'POST', headers: { 'content-length': '1000' } });
    upload.on('error', () => undefined);
    upload.write('half');
    await expect
      .poll(async () => (await readdir(join(dataDir, 'files'))).some((name) => name.startsWith('.')))
      .toBe(true);
    upload.destroy();
    await expect
      .poll(async () => (await readdir(join(dataDir, 'files'))).some((name) => name.startsWith('.')))
      .toBe(false);
    expect((await fetch(`${base}/files/half`)).status).toBe(404);
  });

  it('gives files of its folder alone', async () => {
    for (const path of ['..%2F..%2Fetc%2Fpasswd', '%2e%2e%2fx', '.hidden', '%00', '%']) {
      expect((await fetch(`${base}/files/${path}`)).status).toBe(404);
    }
    expect((await fetch(`${base}/files`, { method: 'POST', body: 'x' })).status).toBe(400);
    expect(fileName('../../etc/passwd')).toBe('_.._etc_passwd');
    expect(fileName('...')).toBeNull();
  });

  it('makes the same big download for the same seed', async () => {
    const get = async (query: string) => fetch(`${base}/big?${query}`);
    const answer = await get('bytes=200001&seed=7');
    expect(answer.headers.get('content-length')).toBe('200001');
    const bytes = await answer.bytes();
    expect(sha256(bytes)).toBe(sha256(Buffer.concat([...pseudoRandomBlocks(7, 200_001)])));
    expect(sha256(await (await get('bytes=200001&seed=8')).bytes())).not.toBe(sha256(bytes));
    expect((await get('bytes=0')).status).toBe(200);
    expect((await get('bytes=-1')).status).toBe(400);
    expect((await get('bytes=1e3')).status).toBe(400);
  });

  it('drips for as long as somebody reads', async () => {
    const answer = await fetch(`${base}/slow-stream`);
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    while (!text.includes('2\n')) text += (await reader?.read())?.value ?? '';
    expect(text).toBe('0\n1\n2\n');
    await reader?.cancel();
  });

  it('echoes text and binary over its socket, and tells the time', async () => {
    const socket = new WebSocket(`${base.replace('http', 'ws')}/live/socket`);
    const texts: string[] = [];
    const binaries: Buffer[] = [];
    socket.on('message', (data, binary) => {
      if (binary) binaries.push(data as Buffer);
      else texts.push((data as Buffer).toString());
    });
    await once(socket, 'open');
    socket.send('hello');
    socket.send(Buffer.from([0, 127, 255]));
    await expect.poll(() => texts, { timeout: 5_000 }).toContain('{"echo":"hello"}');
    await expect.poll(() => binaries).toEqual([Buffer.from([0, 127, 255])]);
    await expect.poll(() => texts.some((text) => text.startsWith('{"tick":"20')), { timeout: 5_000 }).toBe(true);
    socket.close();
    await once(socket, 'close');
  });

  it('upgrades nothing else', async () => {
    const socket = new WebSocket(`${base.replace('http', 'ws')}/elsewhere`);
    const [error] = (await once(socket, 'error')) as [Error];
    expect(error.message).toContain('404');
  });
});

describe('notes', () => {
  it('keeps the notes of a cookie, and nobody else’s', async () => {
    const first = await fetch(notesBase);
    const cookie = first.headers.get('set-cookie')?.split(';')[0] ?? '';
    expect(cookie).toMatch(/^notes_session=/);
    const add = await fetch(`${notesBase}/api/notes`, {
      method: 'POST',
      headers: { cookie },
      body: JSON.stringify({ text: ' buy <soup> ' }),
    });
    expect(add.status).toBe(201);
    const own = await fetch(`${notesBase}/api/notes`, { headers: { cookie } });
    expect(await own.json()).toEqual({ notes: ['buy <soup>'] });
    expect(await (await fetch(`${notesBase}/api/notes`)).json()).toEqual({ notes: [] });
  });

  it.each([
    '',
    '{}',
    '{"text":""}',
    '{"text":1}',
    'null',
    JSON.stringify({ text: 'x'.repeat(501) }),
    'x'.repeat(9_000),
  ])('refuses %.20j', async (body) => {
    expect((await fetch(`${notesBase}/api/notes`, { method: 'POST', body })).status).toBe(400);
  });
});
