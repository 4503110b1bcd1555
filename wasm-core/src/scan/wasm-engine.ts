import { CoreError } from '../errors.ts';
import { instantiateScan } from './scan-instance.ts';
import type { ScanExports } from './scan-instance.ts';
import { HIT_WORDS, readScanOptions } from './scanner.ts';
import type { ScanOptions } from './scanner.ts';
import type { ScanEngine } from './stream-scanner.ts';

/** Loads tables, before any view is taken: memory does not grow afterwards. */
export type LoadTables = (core: ScanExports) => Pick<ScanEngine, 'run' | 'finish' | 'reset'>;

/** An instance with one scanner in it. Throws `CW_CORE_MEMORY`. */
export function wasmEngine(options: ScanOptions, load: LoadTables): ScanEngine {
  const { capacity, maxHits } = readScanOptions(options);
  const core = instantiateScan();
  const own = load(core);
  const input = reserved(core.streamReserve(capacity, maxHits));
  const hits = core.streamHits() >>> 0;
  return {
    input: new Uint8Array(core.memory.buffer, input, capacity),
    hits: new Int32Array(core.memory.buffer, hits, maxHits * HIT_WORDS),
    begin: core.streamBegin,
    run: own.run,
    finish: own.finish,
    reset: () => {
      core.streamReset();
      own.reset();
    },
  };
}

/** An address from a `…Reserve`, which is 0 where memory has ended. */
export function reserved(at: number): number {
  if (at === 0) throw new CoreError('CW_CORE_MEMORY');
  return at >>> 0;
}
