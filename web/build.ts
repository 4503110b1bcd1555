import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import react from '@vitejs/plugin-react';
import { build, runnerImport, type InlineConfig } from 'vite';

/**
 * `node web/build.ts [--if-stale]` makes `web/dist`:
 *
 *     index.html, assets/, favicon.svg   the portal; no inline script or style, so that `default-src 'self'` holds
 *     pages/notice.html                  the template of the page behind a block, a 404 and every error
 *     .sources                           hash of what it was made from; written last, so a broken build is stale
 */
const WEB = import.meta.dirname;
const DIST = join(WEB, 'dist');
const STAMP = join(DIST, '.sources');
const SOURCES = ['src', 'public', 'index.html', 'build.ts', 'package.json', '../package-lock.json'];

function filesOf(path: string): string[] {
  try {
    return readdirSync(path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .toSorted();
  } catch {
    return [path];
  }
}

function sourceHash(): string {
  const hash = createHash('sha256');
  for (const file of SOURCES.flatMap((source) => filesOf(join(WEB, source)))) {
    const bytes = readFileSync(file);
    hash.update(`${file.slice(WEB.length)}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest('hex');
}

function isFresh(hash: string): boolean {
  try {
    return readFileSync(STAMP, 'utf8') === hash;
  } catch {
    return false;
  }
}

const shared: InlineConfig = { root: WEB, configFile: false, logLevel: 'warn', plugins: [react()] };

async function buildPortal(): Promise<void> {
  await build({
    ...shared,
    build: {
      outDir: DIST,
      emptyOutDir: true,
      // an asset inlined as a data: URL is not 'self'
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
    },
  });
}

async function buildNotice(): Promise<void> {
  const { module } = await runnerImport<typeof import('./src/notice/render.tsx')>(
    join(WEB, 'src/notice/render.tsx'),
    shared,
  );
  const css = ['src/brand/tokens.css', 'src/notice/notice.css']
    .map((file) => readFileSync(join(WEB, file), 'utf8'))
    .join('\n');
  mkdirSync(join(DIST, 'pages'), { recursive: true });
  writeFileSync(join(DIST, 'pages/notice.html'), module.renderNotice(css));
}

const { values } = parseArgs({ options: { 'if-stale': { type: 'boolean', default: false } } });
const hash = sourceHash();
if (!(values['if-stale'] && isFresh(hash))) {
  process.env['NODE_ENV'] = 'production';
  await buildPortal();
  await buildNotice();
  writeFileSync(STAMP, hash);
}
