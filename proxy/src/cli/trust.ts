import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { promisify } from 'node:util';
import { say } from './output.ts';

const run = promisify(execFile);

export interface TrustEnvironment {
  readonly platform: NodeJS.Platform;
  readonly home: string;
  readonly certutil: boolean;
  /** Whether Chromium's certificate store of this user is there already. */
  readonly nssStore: boolean;
}

export type TrustPlan =
  | { readonly steps: readonly (readonly string[])[]; readonly what: string }
  | { readonly steps: null; readonly what: string };

/** What would make this user's browsers trust the CA: the commands, or why there are none. Nothing system-wide. */
export function trustPlan(environment: TrustEnvironment, caFile: string): TrustPlan {
  const { platform, home, certutil, nssStore } = environment;
  if (platform === 'darwin') {
    const keychain = join(home, 'Library', 'Keychains', 'login.keychain-db');
    return {
      what: 'your login keychain (Safari, Chrome)',
      steps: [['security', 'add-trusted-cert', '-r', 'trustRoot', '-k', keychain, caFile]],
    };
  }
  if (platform === 'win32') {
    return {
      what: 'your certificate store (Edge, Chrome)',
      steps: [['certutil', '-user', '-addstore', 'Root', caFile]],
    };
  }
  if (!certutil) {
    return { steps: null, what: 'certutil is missing (Debian: apt install libnss3-tools); then try --trust again' };
  }
  const store = `sql:${join(home, '.pki', 'nssdb')}`;
  const create = nssStore
    ? []
    : [
        ['mkdir', '-p', join(home, '.pki', 'nssdb')],
        ['certutil', '-N', '--empty-password', '-d', store],
      ];
  return {
    what: 'the certificate store of Chromium and Chrome',
    steps: [...create, ['certutil', '-A', '-n', 'Causeway development', '-t', 'C,,', '-i', caFile, '-d', store]],
  };
}

async function probe(): Promise<TrustEnvironment> {
  const certutil = await run('certutil', ['-H']).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== 'ENOENT',
  );
  const nssStore = existsSync(join(homedir(), '.pki', 'nssdb', 'cert9.db'));
  return { platform: process.platform, home: homedir(), certutil, nssStore };
}

/** Shows what it would run, and runs it when the person at the terminal says yes. */
export async function offerTrust(caFile: string): Promise<void> {
  const plan = trustPlan(await probe(), caFile);
  if (plan.steps === null) {
    say(`--trust: ${plan.what}`);
    return;
  }
  say(`--trust adds ${caFile} to ${plan.what}:`);
  for (const step of plan.steps) say(`    ${step.join(' ')}`);
  if (!process.stdin.isTTY) {
    say('There is no terminal to ask at; run them yourself.');
    return;
  }
  const prompt = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await prompt.question('Do it? [y/N] ');
  prompt.close();
  if (!/^y(es)?$/i.test(answer.trim())) return;
  for (const [command = '', ...args] of plan.steps) await run(command, args);
  say('Done; restart the browser if it is open.');
}
