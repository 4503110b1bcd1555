import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { nodeProgram, Program, ROOT, runProgram } from './program.ts';
import type { Folder } from './pop.ts';
import { freePort } from './ports.ts';
import { awaitGone } from './leftovers.ts';

/** A real web application of somebody else: a single page with a WebSocket, many scripts, and a state of its own. */
const VERSION = '5.0.7';
const INSTALL_MS = 170_000;

export interface NodeRed {
  readonly port: number;
  readonly program: Program;
  stop(): Promise<void>;
}

/** Installed once into the cache below `node_modules`; never by `npm start`, and without anybody's install scripts. */
export async function installNodeRed(): Promise<string> {
  const folder = `${ROOT}node_modules/.cache/node-red-${VERSION}`;
  const main = join(folder, 'node_modules/node-red/red.js');
  if (existsSync(main)) return main;
  mkdirSync(folder, { recursive: true });
  const { code, err } = await runProgram(
    {
      name: `npm install node-red@${VERSION}`,
      command: 'npm',
      args: ['install', '--prefix', folder, '--no-audit', '--no-fund', '--ignore-scripts', `node-red@${VERSION}`],
      cwd: folder,
    },
    INSTALL_MS,
  );
  if (code !== 0 || !existsSync(main)) throw new Error(`Node-RED could not be installed\n${err}`);
  return main;
}

export async function startNodeRed(folder: Folder): Promise<NodeRed> {
  const main = await installNodeRed();
  const port = await freePort();
  const settings = folder.file(
    'node-red-settings.cjs',
    `module.exports = ${JSON.stringify({
      uiHost: '127.0.0.1',
      uiPort: port,
      userDir: join(folder.path, 'node-red'),
      flowFile: 'flows.json',
      credentialSecret: 'of a test',
      telemetry: { enabled: false, updateNotification: false },
      editorTheme: { tours: false, projects: { enabled: false } },
    })};\n`,
  );
  const program = nodeProgram('Node-RED', main.slice(ROOT.length), ['--settings', settings]);
  try {
    await program.line('to start its flows', (line) => line.includes('Started flows') || undefined, 60_000);
  } catch (error) {
    await program.stop();
    throw error;
  }
  return {
    port,
    program,
    async stop() {
      await program.stop();
      await awaitGone([program.pid]);
    },
  };
}
