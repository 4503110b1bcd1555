import { spawnSync } from 'node:child_process';

/** What must hold for every commit before any test runs: types, lint with the import rules, format, generated files. */
const CHECKS: readonly (readonly [string, readonly string[]])[] = [
  ['tsc', ['-p', '.']],
  ['tsc', ['-p', 'web']],
  ['oxlint', ['--type-aware', '--deny-warnings']],
  ['oxfmt', ['--check']],
  ['node', ['wasm-core/build.ts', '--check']],
  ['node', ['proxy/src/config/write-json-schema.ts', '--check']],
  ['node', ['scripts/write-error-docs.ts', '--check']],
  ['node', ['proxy/src/control/admin/write-openapi.ts', '--check']],
];

export function check(cwd: string): boolean {
  let good = true;
  for (const [command, args] of CHECKS) {
    const { status } = spawnSync(command, args, { cwd, stdio: 'inherit' });
    if (status !== 0) {
      process.stderr.write(`check: ${command} ${args.join(' ')} failed\n`);
      good = false;
    }
  }
  return good;
}

if (import.meta.main) process.exitCode = check(new URL('..', import.meta.url).pathname) ? 0 : 1;
