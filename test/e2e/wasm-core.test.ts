import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser, type TrustingBrowser } from '../harness/browser.ts';
import { installCore, type CoreProject } from '../harness/core-package.ts';
import { endAll } from '../harness/end-all.ts';
import { ROOT } from '../harness/program.ts';
import { BROWSER, lacking } from '../harness/requirements.ts';

let project: CoreProject;
beforeAll(async () => {
  project = await installCore();
});
afterAll(() => project?.remove());

describe('wasm-core, installed from its tarball', () => {
  test('brings JavaScript and types, and no TypeScript to strip', async () => {
    const installed = join(project.folder, 'node_modules', '@causeway', 'wasm-core');
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
    const { stdout } = await project.run(process.execPath, [project.example('evaluate-policy.mjs')]);
    expect(stdout).toContain("rule: 1, conditions: [ 'ous', 'apps', 'destinations', 'posture' ]");
    expect(stdout).toContain('wiki on Sunday -1');
    expect(stdout).toContain('shadowed [ { rule: 3, by: 2 } ]');
  });

  test('gives names stub addresses', async () => {
    const { stdout } = await project.run(process.execPath, [project.example('stub-ips.mjs')]);
    expect(stdout).toMatch(/^wiki\.example 100\.64\.1\.\d+ fd00:c0de::\S+\nthe same true\n$/);
  });

  test('classifies the flows of a capture', async () => {
    const args = [project.example('classify-pcap.mjs'), project.example('browsing.pcap')];
    const { stdout } = await project.run(process.execPath, args);
    expect(stdout).toMatch(/^tcp +10\.215\.1\.2 \d+ +10\.215\.2\.2 80 +\d+ +\d+ +0 +1: allow$/m);
    expect(stdout).toMatch(/^udp +10\.215\.1\.2 \d+ +10\.215\.2\.2 9000 +3 +4068 +0 +2: block$/m);
  });

  const SCAN = `
    import { createCore } from '@causeway/wasm-core';
    const core = createCore();
    const scanner = (await core.scan()).digitRuns();
    scanner.each(new TextEncoder().encode('4111111111111111 '), (digits, start, end) =>
      console.log(core.engine, digits, start, end));`;

  test.each([
    { flags: [], engine: 'wasm' },
    { flags: ['--jitless'], engine: 'typescript' },
  ])('scans in Node $flags on $engine', async ({ flags, engine }) => {
    const { stdout } = await project.run(process.execPath, [...flags, '--input-type=module', '-e', SCAN]);
    expect(stdout).toBe(`${engine} 16 0 16\n`);
  });

  test('leaves the scanners alone until they are asked for', async () => {
    const trace = `
      import { registerHooks } from 'node:module';
      const loaded = [];
      registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
      const { createCore } = await import('@causeway/wasm-core');
      const before = loaded.some((url) => url.includes('scan'));
      await createCore().scan();
      console.log(before, loaded.some((url) => url.includes('scan-wasm.gen')));`;
    const { stdout } = await project.run(process.execPath, ['--input-type=module', '-e', trace]);
    expect(stdout).toBe('false true\n');
  });

  test('gives its types to a TypeScript project, strict and without Node’s', async () => {
    const wrong = "matcher.open({ user: 'a', groups: [], method: 'phone' });";
    const right = "matcher.open({ user: 'a', groups: [], method: 'agent', os: 'linux' });";
    const program = (line: string): string =>
      `import { PolicyMatcher, compilePolicy } from '@causeway/wasm-core';\nimport { ReferenceLpm } from '@causeway/wasm-core/reference';\nconst matcher = new PolicyMatcher(compilePolicy({ apps: [], rules: [] }));\n${line}\nexport const table = ReferenceLpm;\n`;
    const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
    const options = ['--noEmit', '--strict', '--target', 'es2024', '--module', 'nodenext', '--types', ''];
    await writeFile(join(project.folder, 'right.ts'), program(right));
    await writeFile(join(project.folder, 'wrong.ts'), program(wrong));
    await project.run(process.execPath, [compiler, ...options, 'right.ts']);
    await expect(project.run(process.execPath, [compiler, ...options, 'wrong.ts'])).rejects.toMatchObject({
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
    const page = join(project.folder, 'page');
    await cp(project.example('browser'), page, { recursive: true });
    // As somebody would who has never heard of options.
    await build({ root: page, configFile: false, logLevel: 'error' });
    const html = await readFile(join(page, 'dist', 'index.html'), 'utf8');
    await writeFile(join(page, 'dist', 'without-wasm.html'), html.replace("'wasm-unsafe-eval'", ''));
    site = await serve(join(page, 'dist'));
    browser = await launchBrowser({ caFiles: [] });
  });
  afterAll(() =>
    endAll(
      () => browser?.close(),
      () => new Promise((closed) => site.server.close(closed)),
    ),
  );

  test('has the second module in a file of its own', async () => {
    const folder = join(project.folder, 'page', 'dist', 'assets');
    const holding = async (wasm: string): Promise<string[]> => {
      // Inline it is base64, of which whole groups of three bytes stay together.
      const part = (await readFile(join(ROOT, 'wasm-core', 'build', wasm))).subarray(0, 300).toString('base64');
      const files = (await readdir(folder)).filter((name) => name.endsWith('.js'));
      const texts = await Promise.all(files.map((name) => readFile(join(folder, name), 'utf8')));
      return files.filter((_, i) => texts[i]?.includes(part)).map((name) => name.replace(/-[\w-]+\.js$/, ''));
    };
    expect((await holding('core.wasm')).toSorted()).toEqual(['index', 'worker']);
    expect(await holding('scan.wasm')).not.toContain('index');
  });

  test.each([
    { engine: 'wasm', path: '' },
    { engine: 'typescript', path: 'without-wasm.html' },
  ])('decides in the page and in a worker, on $engine as the page’s policy has it', async ({ engine, path }) => {
    const { page, context } = await browser.person();
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(message.text());
    });
    await page.goto(`${site.url}${path}`);
    await page.locator('#engine').getByText(engine, { exact: true }).waitFor();
    for (const [user, rule] of [
      ['ada', '1'],
      ['bob', '0'],
      ['eve', '-1'],
    ] as const) {
      await page.getByLabel('User').fill(user);
      for (const place of ['#page', '#worker']) await page.locator(place).getByText(rule, { exact: true }).waitFor();
    }
    for (const [text, places] of [
      ['no number', ''],
      ['card 4111 1111 1111 1111, 5500-0000-0000-0004', '5,26'],
    ] as const) {
      await page.getByLabel('Text').fill(text);
      const shown = places === '' ? ':empty' : `:text-is("${places}")`;
      for (const place of ['#page-numbers', '#worker-numbers'])
        await page.locator(`${place}${shown}`).waitFor({ state: 'attached' });
    }
    expect(errors.filter((error) => !error.includes('404'))).toEqual([]);
    await context.close();
  });
});
