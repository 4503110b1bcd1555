import { execFile } from 'node:child_process';
import { accessSync, chmodSync, constants, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { RUN_MARK, RUN_VARIABLE } from './leftovers.ts';

const run = promisify(execFile);

const WELL_KNOWN = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome-stable',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

/** Everything that would talk to somebody else, or go around TCP, is off. */
const FLAGS = [
  '--no-sandbox',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
];

export interface BrowserOptions {
  /** The deployment's CA and the like; nothing else is added to what Chromium trusts, and nothing is ignored. */
  readonly caFiles: readonly string[];
  /** Words before the executable, such as `ip netns exec NAME`. */
  readonly prefix?: readonly string[];
}

export interface TrustingBrowser {
  readonly browser: Browser;
  /** A person of their own: cookies and downloads apart from everybody else's. */
  person(): Promise<{ context: BrowserContext; page: Page }>;
  close(): Promise<void>;
}

/**
 * Chromium with a home of its own, whose certificate store trusts the deployment's CA: TLS is really verified, as it
 * is for a person who ran `causeway dev --trust`.
 */
export async function launchBrowser({ caFiles, prefix = [] }: BrowserOptions): Promise<TrustingBrowser> {
  const home = mkdtempSync(join(tmpdir(), 'causeway-browser-'));
  try {
    await trust(home, caFiles);
    const executable = chromiumPath();
    const browser = await chromium.launch({
      executablePath: prefix.length === 0 ? executable : wrapper(home, [...prefix, executable]),
      args: FLAGS,
      env: { ...definedEnvironment(), HOME: home, [RUN_VARIABLE]: RUN_MARK },
    });
    return {
      browser,
      async person() {
        const context = await browser.newContext({ acceptDownloads: true });
        context.setDefaultTimeout(20_000);
        return { context, page: await context.newPage() };
      },
      async close() {
        await browser.close();
        await rm(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
      },
    };
  } catch (error) {
    await rm(home, { recursive: true, force: true });
    throw error;
  }
}

/** `CHROMIUM`, or the first well-known path that can be executed. */
export function chromiumPath(): string {
  const named = process.env['CHROMIUM'];
  const found = [...(named === undefined ? [] : [named]), ...WELL_KNOWN].find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  if (found === undefined) throw new Error('no Chromium: set CHROMIUM, or run node scripts/provision.ts test');
  return found;
}

async function trust(home: string, caFiles: readonly string[]): Promise<void> {
  const store = join(home, '.pki', 'nssdb');
  mkdirSync(store, { recursive: true });
  try {
    await run('certutil', ['-N', '--empty-password', '-d', `sql:${store}`]);
    for (const file of caFiles) {
      await run('certutil', ['-A', '-n', file, '-t', 'C,,', '-i', file, '-d', `sql:${store}`]);
    }
  } catch (error) {
    throw new Error('certutil (Debian: libnss3-tools) did not add the CA: run node scripts/provision.ts test', {
      cause: error,
    });
  }
}

/** Playwright starts one file; this one becomes the command. Its pipe on descriptors 3 and 4 goes along. */
function wrapper(home: string, command: readonly string[]): string {
  const file = join(home, 'chromium');
  const quoted = command.map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`).join(' ');
  writeFileSync(file, `#!/bin/sh\nexec ${quoted} "$@"\n`);
  chmodSync(file, 0o755);
  return file;
}

function definedEnvironment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
