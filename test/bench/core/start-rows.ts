import { execFileSync } from 'node:child_process';
import { ratioRow, type Row } from '../row.ts';

const LIMIT_MS = 2;
/** In a process that has done nothing else: the sources are loaded, then the first instance is made. */
const MEASURE = {
  core: `const { instantiateCore } = await import('./wasm-core/src/core-instance.ts'); run(instantiateCore);`,
  scan: `const { instantiateScan } = await import('./wasm-core/src/scan/scan-instance.ts'); run(instantiateScan);`,
};
const RUN = `const run = (make) => {
  const from = performance.now();
  make();
  console.log(performance.now() - from);
};`;

/** The first instance of each module, which is decoded and compiled for it; milliseconds. */
export async function startRows(rounds: number): Promise<Row[]> {
  return Object.entries(MEASURE).map(([name, measure]) => {
    const times = Array.from({ length: rounds }, () => {
      const cwd = new URL('../../..', import.meta.url);
      return Number(execFileSync(process.execPath, ['--input-type=module', '-e', RUN + measure], { cwd }));
    });
    const peer = { name: `limit of ${LIMIT_MS} ms`, rounds: times.map(() => LIMIT_MS) };
    return ratioRow(`${name}.wasm: first instance`, 'ms', times, peer, 1);
  });
}
