import { cpus } from 'node:os';
import type { Suite } from './suite.ts';
import { checksumRows } from './core/checksum-rows.ts';
import { framesRows } from './core/frames-rows.ts';
import { lpmRows } from './core/lpm-rows.ts';
import { natRows } from './core/nat-rows.ts';
import { policyRows } from './core/policy-rows.ts';
import { popRows } from './core/pop-rows.ts';
import { scanRows } from './core/scan-rows.ts';
import { startRows } from './core/start-rows.ts';
import type { Row } from './row.ts';

const PARTS: readonly ((rounds: number) => Promise<Row[]>)[] = [
  policyRows,
  popRows,
  lpmRows,
  natRows,
  checksumRows,
  framesRows,
  scanRows,
  startRows,
];

/** wasm-core against its peers: plain TypeScript of the same algorithm, npm packages, C where gcc is there. */
export const coreSuite: Suite = async ({ rounds }) => {
  const rows: Row[] = [];
  for (const part of PARTS) rows.push(...(await part(rounds)));
  return { conditions: { rounds, node: process.version, cpu: cpus()[0]?.model ?? '', cores: cpus().length }, rows };
};
