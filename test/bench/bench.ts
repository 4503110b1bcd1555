import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { controlSuite } from './control-suite.ts';
import { coreSuite } from './core-suite.ts';
import { httpSuite } from './http-suite.ts';
import { printRows, writeRows } from './row.ts';
import type { Suite } from './suite.ts';

const SUITES: Record<string, Suite> = { http: httpSuite, core: coreSuite, control: controlSuite };
const PROVISION = fileURLToPath(new URL('../../scripts/provision.ts', import.meta.url));

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '4' },
    part: { type: 'string', multiple: true, default: [] },
    full: { type: 'boolean', default: false },
  },
});
const name = positionals[0] ?? '';
const suite = Object.hasOwn(SUITES, name) ? SUITES[name] : undefined;
if (suite === undefined) {
  console.error(`bench SUITE [--json FILE] [--rounds N] [--seconds S]; suites: ${Object.keys(SUITES).join(', ')}`);
  console.error('control also takes [--part NAME]… for some of it, and [--full] for what takes many minutes');
  process.exitCode = 64;
} else {
  // Installs the peers as root on Debian, else says how to have them and goes on without those that are optional.
  spawnSync(process.execPath, [PROVISION, `bench-${name}`], { stdio: 'inherit' });
  const { conditions, rows } = await suite({
    rounds: Number(values.rounds),
    seconds: Number(values.seconds),
    parts: values.part,
    full: values.full,
  });
  printRows(rows);
  if (values.json !== undefined) writeRows(values.json, name, conditions, rows);
}
