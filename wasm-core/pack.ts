/**
 * Makes the tarball that others install: JavaScript and types instead of the TypeScript that this repository runs
 * directly (Node strips no types below `node_modules`). `node wasm-core/pack.ts FOLDER` writes it there and prints its
 * path. It stages everything in a folder of its own, so nothing of the repository changes.
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const folder = import.meta.dirname;
const SHIPPED = ['README.md', 'API.md', 'assembly', 'build', 'examples'];

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly exports: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

/** The same entries, with what was emitted in the place of `./src/….ts`. */
function publishedManifest({ devDependencies: _tools, scripts: _scripts, ...manifest }: Manifest): object {
  const entries = Object.entries(manifest.exports).map(([entry, target]) => {
    if (!target.startsWith('./src/')) return [entry, target];
    const emitted = target.replace('./src/', './dist/').replace(/\.ts$/, '');
    return [entry, { types: `${emitted}.d.ts`, default: `${emitted}.js` }];
  });
  return { ...manifest, files: [...SHIPPED, 'dist'], exports: Object.fromEntries(entries) };
}

/** @returns the tarball's path in `destination`, an existing folder. Throws where `tsc` or `npm` fails. */
export async function packCore(destination: string): Promise<string> {
  const stage = await mkdtemp(join(tmpdir(), 'causeway-pack-'));
  try {
    const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Manifest;
    await writeFile(join(stage, 'package.json'), `${JSON.stringify(publishedManifest(manifest), null, 2)}\n`);
    for (const entry of SHIPPED) await cp(join(folder, entry), join(stage, entry), { recursive: true });
    await cp(join(folder, '..', 'LICENSE'), join(stage, 'LICENSE'));
    const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');
    await run(process.execPath, [compiler, '-p', join(folder, 'tsconfig.pack.json'), '--outDir', join(stage, 'dist')]);
    const { stdout } = await run('npm', ['pack', '--silent', '--pack-destination', destination], {
      cwd: stage,
      shell: process.platform === 'win32',
    });
    return join(destination, stdout.trim());
  } finally {
    await rm(stage, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  const destination = resolve(process.argv[2] ?? '.');
  await mkdir(destination, { recursive: true });
  console.log(await packCore(destination));
}
