import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * `node scripts/provision.ts test|bench-http|bench-core|bench-control [--check]`: sees to it that the programs which the tests or benchmarks use as
 * real parts are there. Root on Debian installs them with apt; anybody else is told the one command, and which suites
 * will be reported as skipped. `--check` only looks. Exit 0: all there; 1: something is missing.
 */
export const PURPOSES = ['test', 'bench-http', 'bench-core', 'bench-control'] as const;
export type Purpose = (typeof PURPOSES)[number];

interface Requirement {
  readonly debian: string;
  /** Any of these commands on PATH, or of these files, is enough. */
  readonly commands?: readonly string[];
  readonly files?: readonly string[];
  /** A module of PHP. */
  readonly php?: string;
  /** Where Debian has it; everywhere unless given. Elsewhere nothing is missing. */
  readonly arch?: string;
  readonly suites: readonly string[];
}

const CHROMIUMS = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];

const REQUIREMENTS: Record<Purpose, readonly Requirement[]> = {
  test: [
    { debian: 'chromium', commands: CHROMIUMS, suites: ['e2e', 'lab'] },
    { debian: 'libnss3-tools', commands: ['certutil'], suites: ['e2e', 'lab'] },
    { debian: 'openssl', commands: ['openssl'], suites: ['e2e'] },
    { debian: 'curl', commands: ['curl'], suites: ['e2e', 'lab'] },
    { debian: 'postgresql', files: ['/usr/lib/postgresql'], suites: ['unit: PostgreSQL', 'e2e: first steps'] },
    { debian: 'simplesamlphp', files: ['/usr/share/simplesamlphp/www'], suites: ['e2e: SimpleSAMLphp'] },
    { debian: 'php-cli', commands: ['php'], suites: ['e2e: SimpleSAMLphp'] },
    { debian: 'php-xml', php: 'dom', suites: ['e2e: SimpleSAMLphp'] },
    { debian: 'php-mbstring', php: 'mbstring', suites: ['e2e: SimpleSAMLphp'] },
    { debian: 'php-curl', php: 'curl', suites: ['e2e: SimpleSAMLphp'] },
    { debian: 'php-sqlite3', php: 'pdo_sqlite', suites: ['e2e: SimpleSAMLphp'] },
    { debian: 'iproute2', commands: ['ip'], suites: ['lab'] },
    { debian: 'nftables', commands: ['nft'], suites: ['lab'] },
    { debian: 'iputils-ping', commands: ['ping'], suites: ['lab: translation', 'lab: capture'] },
    { debian: 'python3', commands: ['python3'], suites: ['lab: translation'] },
    { debian: 'tcpdump', commands: ['tcpdump'], suites: ['lab: translation', 'lab: capture'] },
    { debian: 'tshark', commands: ['tshark'], suites: ['lab: translation', 'lab: rewritten packets', 'e2e: captures'] },
  ],
  'bench-http': [
    { debian: 'nginx-light', commands: ['nginx'], suites: ['bench http'] },
    { debian: 'wrk', commands: ['wrk'], suites: ['bench http'] },
    { debian: 'nghttp2-client', commands: ['h2load'], suites: ['bench http'] },
    { debian: 'openssl', commands: ['openssl'], suites: ['bench http'] },
    { debian: 'chromium', commands: CHROMIUMS, suites: ['bench http'] },
    { debian: 'libnss3-tools', commands: ['certutil'], suites: ['bench http'] },
  ],
  'bench-core': [
    { debian: 'gcc', commands: ['gcc'], suites: ['bench core: C'] },
    { debian: 'libc6-dev', files: ['/usr/include/stdio.h'], suites: ['bench core: C'] },
    { debian: 'libhyperscan-dev', files: ['/usr/include/hs/hs.h'], arch: 'x64', suites: ['bench core: Hyperscan'] },
  ],
  'bench-control': [{ debian: 'postgresql', files: ['/usr/lib/postgresql'], suites: ['bench control: PostgreSQL'] }],
};

/** What was found out about this machine; the plan depends on nothing else. */
export interface Environment {
  readonly platform: NodeJS.Platform;
  readonly arch: string;
  readonly root: boolean;
  /** `ID` and `ID_LIKE` of os-release. */
  readonly distribution: readonly string[];
  readonly commands: ReadonlySet<string>;
  readonly files: ReadonlySet<string>;
  readonly phpModules: ReadonlySet<string>;
}

export type Action =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'install'; readonly packages: readonly string[] }
  | { readonly kind: 'tell'; readonly command: string; readonly skipped: readonly string[] };

export interface Plan {
  /** Names as Debian calls them. */
  readonly missing: readonly string[];
  readonly action: Action;
}

export function plan(purpose: Purpose, environment: Environment): Plan {
  const absent = REQUIREMENTS[purpose].filter((requirement) => !isThere(requirement, environment));
  const missing = absent.map((requirement) => requirement.debian);
  if (missing.length === 0) return { missing, action: { kind: 'nothing' } };
  const debian = environment.distribution.some((name) => name === 'debian' || name === 'ubuntu');
  if (environment.root && debian) return { missing, action: { kind: 'install', packages: missing } };
  const skipped = [...new Set(absent.flatMap((requirement) => requirement.suites))];
  const command = debian
    ? `sudo apt-get install -y --no-install-recommends ${missing.join(' ')}`
    : `install what Debian calls ${missing.join(' ')}`;
  return { missing, action: { kind: 'tell', command, skipped } };
}

function isThere(requirement: Requirement, environment: Environment): boolean {
  return (
    (requirement.arch !== undefined && requirement.arch !== environment.arch) ||
    (requirement.commands?.some((name) => environment.commands.has(name)) ?? false) ||
    (requirement.files?.some((name) => environment.files.has(name)) ?? false) ||
    (requirement.php !== undefined && environment.phpModules.has(requirement.php))
  );
}

export function probe(purpose: Purpose): Environment {
  const requirements = REQUIREMENTS[purpose];
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  const executable = (name: string): boolean =>
    folders.some((folder) => {
      try {
        accessSync(join(folder, name), constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
  const commands = new Set(requirements.flatMap((one) => one.commands ?? []).filter(executable));
  // A browser elsewhere is named by the person; the tests read the same variable.
  if (process.env['CHROMIUM'] !== undefined && existsSync(process.env['CHROMIUM'])) commands.add('chromium');
  const modules = requirements.some((one) => one.php !== undefined) && executable('php') ? phpModules() : [];
  return {
    platform: process.platform,
    arch: process.arch,
    root: process.getuid?.() === 0,
    distribution: distribution(),
    commands,
    files: new Set(requirements.flatMap((one) => one.files ?? []).filter((file) => existsSync(file))),
    phpModules: new Set(modules),
  };
}

function phpModules(): string[] {
  const answer = spawnSync('php', ['-m'], { encoding: 'utf8', timeout: 10_000 });
  return (answer.stdout ?? '').split('\n').map((line) => line.trim().toLowerCase());
}

function distribution(): string[] {
  try {
    return [...readFileSync('/etc/os-release', 'utf8').matchAll(/^ID(?:_LIKE)?="?([^"\n]*)"?$/gm)].flatMap((match) =>
      (match[1] ?? '').split(' '),
    );
  } catch {
    return [];
  }
}

const APT_MS = 8 * 60_000;
const POLICY = '/usr/sbin/policy-rc.d';

/** Installs, without starting any service: a benchmark's nginx must not sit on port 80 of somebody's machine. */
async function install(packages: readonly string[]): Promise<void> {
  const guarded = existsSync(POLICY);
  if (!guarded) writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    const arguments_ = ['install', '-y', '--no-install-recommends', ...packages];
    if ((await apt(arguments_)) === 0) return;
    // The lists were never fetched here, or are older than what the mirrors hold.
    if ((await apt(['update'])) !== 0) throw new Error('apt-get update failed');
    if ((await apt(arguments_)) !== 0) throw new Error(`apt-get could not install ${packages.join(' ')}`);
  } finally {
    if (!guarded) rmSync(POLICY, { force: true });
  }
}

function apt(args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn('apt-get', ['-q', '-o', 'DPkg::Lock::Timeout=120', ...args], {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      stdio: ['ignore', 'inherit', 'inherit'],
      timeout: APT_MS,
      killSignal: 'SIGTERM',
    });
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}

const isPurpose = (word: string | undefined): word is Purpose => PURPOSES.some((purpose) => purpose === word);

async function main([purpose, flag]: readonly string[]): Promise<number> {
  if (!isPurpose(purpose) || (flag !== undefined && flag !== '--check')) {
    process.stderr.write(`usage: node scripts/provision.ts ${PURPOSES.join('|')} [--check]\n`);
    return 64;
  }
  const { missing, action } = plan(purpose, probe(purpose));
  if (action.kind === 'nothing') return 0;
  process.stdout.write(`missing for ${purpose}: ${missing.join(' ')}\n`);
  if (flag === '--check') return 1;
  if (action.kind === 'tell') {
    process.stdout.write(`to have it: ${action.command}\nuntil then skipped: ${action.skipped.join(', ')}\n`);
    return 1;
  }
  await install(action.packages);
  const after = plan(purpose, probe(purpose));
  if (after.missing.length > 0) process.stdout.write(`still missing: ${after.missing.join(' ')}\n`);
  return after.missing.length === 0 ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = await main(process.argv.slice(2));
