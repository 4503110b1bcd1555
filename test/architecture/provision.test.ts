import { expect, test } from 'vitest';
import { plan, type Action, type Environment, type Purpose } from '../../scripts/provision.ts';

const DEBIAN: Environment = {
  platform: 'linux',
  arch: 'x64',
  root: true,
  distribution: ['debian'],
  commands: new Set(
    'chromium certutil openssl curl php ip nft ping python3 tcpdump tshark nginx wrk h2load gcc'.split(' '),
  ),
  files: new Set([
    '/usr/lib/postgresql',
    '/usr/share/simplesamlphp/www',
    '/usr/include/stdio.h',
    '/usr/include/hs/hs.h',
  ]),
  phpModules: new Set(['dom', 'mbstring', 'curl', 'pdo_sqlite']),
};
const without = (...names: string[]): ReadonlySet<string> =>
  new Set([...DEBIAN.commands].filter((name) => !names.includes(name)));

const TABLE: readonly {
  what: string;
  purpose: Purpose;
  environment: Partial<Environment>;
  missing: string[];
  action: Action;
}[] = [
  { what: 'all is there', purpose: 'test', environment: {}, missing: [], action: { kind: 'nothing' } },
  {
    what: 'all is there, for a person who is not root',
    purpose: 'bench-http',
    environment: { root: false },
    missing: [],
    action: { kind: 'nothing' },
  },
  {
    what: 'root on Debian installs what is missing and no more',
    purpose: 'test',
    environment: { commands: without('chromium', 'nft') },
    missing: ['chromium', 'nftables'],
    action: { kind: 'install', packages: ['chromium', 'nftables'] },
  },
  {
    what: 'a Chrome counts as a Chromium',
    purpose: 'test',
    environment: { commands: new Set([...without('chromium'), 'google-chrome']) },
    missing: [],
    action: { kind: 'nothing' },
  },
  {
    what: 'a distribution like Debian is one',
    purpose: 'bench-http',
    environment: { distribution: ['pop', 'ubuntu', 'debian'], commands: without('wrk') },
    missing: ['wrk'],
    action: { kind: 'install', packages: ['wrk'] },
  },
  {
    what: 'PHP without a module',
    purpose: 'test',
    environment: { phpModules: new Set(['dom', 'mbstring', 'curl']) },
    missing: ['php-sqlite3'],
    action: { kind: 'install', packages: ['php-sqlite3'] },
  },
  {
    what: 'a person who is not root is told the command and what is skipped',
    purpose: 'test',
    environment: { root: false, commands: without('ip', 'php') },
    missing: ['php-cli', 'iproute2'],
    action: {
      kind: 'tell',
      command: 'sudo apt-get install -y --no-install-recommends php-cli iproute2',
      skipped: ['e2e: SimpleSAMLphp', 'lab'],
    },
  },
  {
    what: 'a compiler without its headers, and no Hyperscan',
    purpose: 'bench-core',
    environment: { files: new Set() },
    missing: ['libc6-dev', 'libhyperscan-dev'],
    action: { kind: 'install', packages: ['libc6-dev', 'libhyperscan-dev'] },
  },
  {
    what: 'Debian has no Hyperscan for Arm, so it is not missing there',
    purpose: 'bench-core',
    environment: { arch: 'arm64', commands: without('gcc'), files: new Set(['/usr/include/stdio.h']) },
    missing: ['gcc'],
    action: { kind: 'install', packages: ['gcc'] },
  },
  {
    what: 'what reads captures, for a person who is not root',
    purpose: 'test',
    environment: { root: false, commands: without('tshark', 'tcpdump') },
    missing: ['tcpdump', 'tshark'],
    action: {
      kind: 'tell',
      command: 'sudo apt-get install -y --no-install-recommends tcpdump tshark',
      skipped: ['lab: translation', 'lab: capture', 'lab: rewritten packets', 'e2e: captures'],
    },
  },
  {
    what: 'elsewhere root is told, too',
    purpose: 'bench-http',
    environment: { platform: 'darwin', distribution: [], commands: without('nginx') },
    missing: ['nginx-light'],
    action: { kind: 'tell', command: 'install what Debian calls nginx-light', skipped: ['bench http'] },
  },
];

test.each(TABLE)('$what', ({ purpose, environment, missing, action }) => {
  expect(plan(purpose, { ...DEBIAN, ...environment })).toEqual({ missing, action });
});
