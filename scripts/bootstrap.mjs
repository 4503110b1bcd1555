// Runs on whatever Node the machine has (20 or later), so: plain JavaScript, no dependency, nothing newer than Node 20.
// It installs what package-lock.json says, builds what is stale, and hands over to the pinned runtime.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = join(root, 'node_modules', '.bin');
const stamp = join(root, 'node_modules', '.cache', 'causeway-install');
const windows = process.platform === 'win32';

function fail(message) {
  process.stderr.write(`causeway: ${message}\n`);
  process.exit(1);
}

const [major = 0] = process.versions.node.split('.').map(Number);
if (major < 20) fail(`Node ${process.versions.node} is too old to begin with; install Node 20 or later`);

/** The pinned runtime comes in with `npm ci` as an integrity-locked package for this platform. */
function runtime() {
  const pinned = join(bin, windows ? 'node.cmd' : 'node');
  if (existsSync(pinned)) return pinned;
  if (major >= 26) return process.execPath;
  return fail(`there is no pinned runtime for ${process.platform}-${process.arch}; start with Node 26 or later`);
}

/** Compiled code is kept: five processes that read the same TypeScript start in half the time. */
function environment() {
  const cache = process.env.NODE_COMPILE_CACHE ?? join(root, 'node_modules', '.cache', 'compile');
  return { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ''}`, NODE_COMPILE_CACHE: cache };
}

function run(command, args) {
  const result = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2], env: environment(), shell: windows });
  if (result.error) fail(`${command}: ${result.error.message}`);
  if (result.status !== 0) fail(`${command} ${args.join(' ')} ended with ${result.status ?? result.signal}`);
}

function installIfStale() {
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .update(`${process.platform}-${process.arch}`)
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  process.stderr.write('causeway: installing dependencies (once; about a minute)\n');
  const npm = process.env.npm_execpath;
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  if (npm?.endsWith('.js')) run(process.execPath, [npm, ...args]);
  else run(windows ? 'npm.cmd' : 'npm', args);
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, wanted);
}

const COMMANDS = {
  start: ['proxy/src/cli/causeway.ts', 'dev'],
  causeway: ['proxy/src/cli/causeway.ts'],
  test: ['scripts/test.ts'],
  bench: ['test/bench/bench.ts'],
  check: ['scripts/check.ts'],
  build: null,
};

const [name, ...args] = process.argv.slice(2);
if (!Object.hasOwn(COMMANDS, name)) fail(`bootstrap knows ${Object.keys(COMMANDS).join(', ')}`);
installIfStale();
const node = runtime();
run(node, ['wasm-core/build.ts', '--if-stale']);
run(node, ['web/build.ts', '--if-stale']);
if (COMMANDS[name] !== null) {
  const child = spawn(node, [...COMMANDS[name].map((part, i) => (i === 0 ? join(root, part) : part)), ...args], {
    cwd: process.env.INIT_CWD ?? process.cwd(),
    stdio: 'inherit',
    env: environment(),
    shell: windows,
  });
  // Ctrl-C reaches the child by itself; this process only has to outlive it.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.on('error', (error) => fail(error.message));
  child.on('exit', (code, signal) => process.exit(signal === null ? code : 1));
}
