import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from './program.ts';

const run = promisify(execFile);

/** An empty project of somebody else's, into which the tarball of wasm-core is installed without a network. */
export interface CoreProject {
  readonly folder: string;
  /** A copy of one of the package's examples, beside what uses it. */
  example(name: string): string;
  run(command: string, args: readonly string[]): Promise<{ stdout: string }>;
  remove(): Promise<void>;
}

export async function installCore(): Promise<CoreProject> {
  const folder = await mkdtemp(join(tmpdir(), 'causeway-project-'));
  const project: CoreProject = {
    folder,
    example: (name) => join(folder, 'examples', name),
    run: (command, args) => run(command, [...args], { cwd: folder }),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
  await writeFile(join(folder, 'package.json'), '{ "name": "project", "private": true, "type": "module" }\n');
  const { stdout } = await run(process.execPath, [join(ROOT, 'wasm-core', 'pack.ts'), folder]);
  await project.run('npm', ['install', '--offline', '--no-audit', '--no-fund', '--ignore-scripts', stdout.trim()]);
  const installed = join(folder, 'node_modules', '@causeway', 'wasm-core', 'examples');
  await cp(installed, join(folder, 'examples'), { recursive: true });
  return project;
}
