import { spawnSync } from 'node:child_process';
import { check } from './check.ts';

/**
 * `npm test`: what a machine needs first (installed as root on Debian, else told), then the checks, then every suite.
 * `npm test -- unit tunnel` narrows to suites and files as vitest does.
 */
const SUITES = ['unit', 'e2e', 'lab'] as const;
const root = new URL('..', import.meta.url).pathname;

function run(command: string, args: readonly string[]): boolean {
  const started = Date.now();
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  process.stdout.write(`\n${command} ${args.join(' ')}: ${Math.round((Date.now() - started) / 1000)} s\n\n`);
  return status === 0;
}

const wanted = process.argv.slice(2);
const suites = SUITES.filter((suite) => wanted.includes(suite));
const files = wanted.filter((word) => !(SUITES as readonly string[]).includes(word));
const chosen = suites.length > 0 ? suites : SUITES;

let good = true;
if (chosen.some((suite) => suite !== 'unit')) good = run('node', ['scripts/provision.ts', 'test']) && good;
if (wanted.length === 0) good = check(root) && good;
for (const suite of chosen) {
  good =
    run('vitest', ['run', '--project', suite, ...(files.length > 0 ? [...files, '--passWithNoTests'] : [])]) && good;
}
process.exitCode = good ? 0 : 1;
