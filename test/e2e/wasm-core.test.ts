import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser, type TrustingBrowser } from '../harness/browser.ts';
import { endAll } from '../harness/end-all.ts';
import { BROWSER, lacking } from '../harness/requirements.ts';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '..', '..');

/** An empty project of somebody else's, into which the tarball is installed without a network. */
let project: string;
const inProject = (command: string, args: readonly string[]) => run(command, [...args], { cwd: project });

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'causeway-project-'));
  await writeFile(join(project, 'package.json'), '{ "name": "project", "private": true, "type": "module" }\n');
  const { stdout } = await run(process.execPath, [join(ROOT, 'wasm-core', 'pack.ts'), project]);
  await inProject('npm', ['install', '--offline', '--no-audit', '--no-fund', '--ignore-scripts', stdout.trim()]);
});
afterAll(() => rm(project, { recursive: true, force: true }));

describe('wasm-core, installed from its tarball', () => {
  test('brings JavaScript and types, and no TypeScript to strip', async () => {
    const installed = join(project, 'node_modules', '@causeway', 'wasm-core');
    const manifest = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8')) as Record<string, unknown>;
    expect(manifest['exports']).toMatchObject({
      '.': { types: './dist/index.d.ts', default: './dist/index.js' },
      './core.wasm': './build/core.wasm',
    });
    expect(manifest).not.toHaveProperty('dependencies');
    expect((await readFile(join(installed, 'build', 'core.wasm'))).length).toBeLessThanOrEqual(40 * 1024);
    expect(await readFile(join(installed, 'LICENSE'), 'utf8')).toContain('Apache License');
  });

  test('runs in Node', async () => {
    const example = join(project, 'evaluate-policy.mjs');
    await cp(join(ROOT, 'wasm-core', 'examples', 'evaluate-policy.mjs'), example);
    const { stdout } = await inProject(process.execPath, [example]);
    expect(stdout).toContain("rule: 1, conditions: [ 'ous', 'apps', 'destinations', 'posture' ]");
    expect(stdout).toContain('wiki on Sunday -1');
    expect(stdout).toContain('shadowed [ { rule: 3, by: 2 } ]');
  });

  test('gives names stub addresses', async () => {
    const example = join(project, 'stub-ips.mjs');
    await cp(join(ROOT, 'wasm-core', 'examples', 'stub-ips.mjs'), example);
    const { stdout } = await inProject(process.execPath, [example]);
    expect(stdout).toMatch(/^wiki\.example 100\.64\.1\.\d+ fd00:c0de::\S+\nthe same true\n$/);
  });

  test('gives its types to a TypeScript project, strict and without Node’s', async () => {
    const wrong = "matcher.open({ user: 'a', groups: [], method: 'phone' });";
    const right = "matcher.open({ user: 'a', groups: [], method: 'agent', os: 'linux' });";
    const program = (line: string): string =>
      `import { PolicyMatcher, compilePolicy } from '@causeway/wasm-core';\nimport { ReferenceLpm } from '@causeway/wasm-core/reference';\nconst matcher = new PolicyMatcher(compilePolicy({ apps: [], rules: [] }));\n${line}\nexport const table = ReferenceLpm;\n`;
    const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
    const options = ['--noEmit', '--strict', '--target', 'es2024', '--module', 'nodenext', '--types', ''];
    await writeFile(join(project, 'right.ts'), program(right));
    await writeFile(join(project, 'wrong.ts'), program(wrong));
    await inProject(process.execPath, [compiler, ...options, 'right.ts']);
    await expect(inProject(process.execPath, [compiler, ...options, 'wrong.ts'])).rejects.toMatchObject({
      stdout: expect.stringContaining('\'"phone"\' is not assignable'),
    });
  });
});

const TYPES: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript' };

async function serve(folder: string): Promise<{ url: string; server: Server }> {
  const server = createServer((request, response) => {
    const path = request.url === '/' ? '/index.html' : (request.url ?? '');
    readFile(join(folder, path)).then(
      (bytes) => response.setHeader('content-type', TYPES[extname(path)] ?? 'application/octet-stream').end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, server };
}

describe.skipIf(lacking('wasm-core in a browser', BROWSER))('wasm-core, built by Vite', () => {
  let browser: TrustingBrowser;
  let site: { url: string; server: Server };

  beforeAll(async () => {
    const page = join(project, 'page');
    await mkdir(page);
    await cp(join(ROOT, 'wasm-core', 'examples', 'browser'), page, { recursive: true });
    await build({ root: page, configFile: false, logLevel: 'error', worker: { format: 'es' } });
    site = await serve(join(page, 'dist'));
    browser = await launchBrowser({ caFiles: [] });
  });
  afterAll(() =>
    endAll(
      () => browser?.close(),
      () => new Promise((closed) => site.server.close(closed)),
    ),
  );

  test('decides in the page and in a worker, under a Content-Security-Policy', async () => {
    const { page, context } = await browser.person();
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(message.text());
    });
    await page.goto(site.url);
    for (const [user, rule] of [
      ['ada', '1'],
      ['bob', '0'],
      ['eve', '-1'],
    ] as const) {
      await page.getByLabel('User').fill(user);
      for (const place of ['#page', '#worker']) await page.locator(place).getByText(rule, { exact: true }).waitFor();
    }
    expect(errors.filter((error) => !error.includes('404'))).toEqual([]);
    await context.close();
  });
});
