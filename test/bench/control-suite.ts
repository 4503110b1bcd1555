import { fork } from 'node:child_process';
import { once } from 'node:events';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { PartOptions } from './control/part.ts';
import { PARTS } from './control/parts.ts';
import type { Row } from './row.ts';
import type { Suite } from './suite.ts';

const RUN_PART = fileURLToPath(new URL('./control/run-part.ts', import.meta.url));

/**
 * The control plane against the figures it must reach. There is no peer: each row is held against its limit. Parts run
 * one after the other, each in a process of its own, so that none inherits another's heap, caches or code.
 */
export const controlSuite: Suite = async ({ rounds, parts, full }) => {
  const unknown = parts.filter((name) => !Object.hasOwn(PARTS, name));
  if (unknown.length > 0)
    throw new Error(`no such part: ${unknown.join(', ')}; parts: ${Object.keys(PARTS).join(', ')}`);
  const rows: Row[] = [];
  const seconds: Record<string, number> = {};
  for (const name of parts.length > 0 ? parts : Object.keys(PARTS)) {
    const from = performance.now();
    rows.push(...(await runPart(name, { rounds, full })));
    seconds[name] = Math.round((performance.now() - from) / 100) / 10;
  }
  const machine = { node: process.version, cpu: cpus()[0]?.model ?? '', cores: cpus().length };
  return { conditions: { rounds, full, seconds, ...machine }, rows };
};

async function runPart(name: string, options: PartOptions): Promise<Row[]> {
  const child = fork(RUN_PART, [name, JSON.stringify(options)], { execArgv: ['--expose-gc'] });
  let rows: Row[] | null = null;
  child.on('message', (message) => (rows = message as Row[]));
  const [code] = (await once(child, 'exit')) as [number | null];
  if (rows === null) throw new Error(`part ${name} ended with ${code} and measured nothing`);
  return rows;
}
