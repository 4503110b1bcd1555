import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { check } from './check.ts';

/**
 * `npm test`: what a machine needs first (installed as root on Debian, else told), then the checks, then every suite.
 * `npm test -- unit tunnel` narrows to suites and files as vitest does.
 */
const SUITES = ['unit', 'e2e', 'lab'] as const;
const root = new URL('..', import.meta.url).pathname;

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** What vitest's JSON reporter writes, as far as it is read here. */
interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numFailedTestSuites: number;
  readonly numPendingTests: number;
}

const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
let good = true;

function run(command: string, args: readonly string[]): void {
  const started = Date.now();
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  process.stdout.write(
    `\n${command} ${args.slice(0, 3).join(' ')}: ${Math.round((Date.now() - started) / 1000)} s\n\n`,
  );
  if (status !== 0) good = false;
}

function suite(name: string, files: readonly string[], folder: string): void {
  const file = join(folder, `${name}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const narrowed = files.length > 0 ? [...files, '--passWithNoTests'] : [];
  run('vitest', ['run', '--project', name, ...reporters, ...narrowed]);
  const report = JSON.parse(readFileSync(file, 'utf8')) as Report;
  counts.passed += report.numPassedTests;
  counts.failed += Math.max(report.numFailedTests, report.numFailedTestSuites > 0 ? 1 : 0);
  counts.skipped += report.numPendingTests;
}

const wanted = process.argv.slice(2);
const suites = SUITES.filter((name) => wanted.includes(name));
const files = wanted.filter((word) => !(SUITES as readonly string[]).includes(word));
const chosen = suites.length > 0 ? suites : SUITES;

if (chosen.some((name) => name !== 'unit')) run('node', ['scripts/provision.ts', 'test']);
if (wanted.length === 0 && !check(root)) good = false;
const folder = mkdtempSync(join(tmpdir(), 'causeway-test-'));
try {
  for (const name of chosen) suite(name, files, folder);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.stdout.write(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
process.exitCode = good ? 0 : 1;
