import { expect, test } from 'vitest';
import { plan, type Action, type Environment, type Purpose } from '../../scripts/provision.ts';

const DEBIAN: Environment = {
  platform: 'linux',
  root: true,
  distribution: ['debian'],
  commands: new Set(['chromium', 'certutil', 'openssl', 'curl', 'php', 'ip', 'nft', 'nginx', 'wrk', 'h2load']),
  files: new Set(['/usr/share/simplesamlphp/www']),
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
    purpose: 'bench',
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
    purpose: 'bench',
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
    what: 'elsewhere root is told, too',
    purpose: 'bench',
    environment: { platform: 'darwin', distribution: [], commands: without('nginx') },
    missing: ['nginx-light'],
    action: { kind: 'tell', command: 'install what Debian calls nginx-light', skipped: ['bench'] },
  },
];

test.each(TABLE)('$what', ({ purpose, environment, missing, action }) => {
  expect(plan(purpose, { ...DEBIAN, ...environment })).toEqual({ missing, action });
});
