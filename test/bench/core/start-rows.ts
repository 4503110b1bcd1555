import { execFileSync } from 'node:child_process';
import { ratioRow, type Row } from '../row.ts';

const LIMIT_MS = 2;
/** In a process that has done nothing else: the package is loaded, then the first instance is made. */
const MEASURE = {
  core: `const { FrameBatch } = await import('@causeway/wasm-core'); run(() => new FrameBatch());`,
  scan: `const { DigitRunScanner } = await import('@causeway/wasm-core/scan'); run(() => new DigitRunScanner());`,
};
const RUN = `const run = (make) => {
  const from = performance.now();
  make();
  console.log(performance.now() - from);
};`;

/** The first object of each module, which is decoded and compiled for it; milliseconds. */
export async function startRows(rounds: number): Promise<Row[]> {
  return Object.entries(MEASURE).map(([name, measure]) => {
    const times = Array.from({ length: rounds }, () => {
      const cwd = new URL('../../..', import.meta.url);
      return Number(execFileSync(process.execPath, ['--input-type=module', '-e', RUN + measure], { cwd }));
    });
    const peer = { name: `limit of ${LIMIT_MS} ms`, rounds: times.map(() => LIMIT_MS) };
    return ratioRow(`${name}.wasm: first object`, 'ms', times, peer, 1);
  });
}
