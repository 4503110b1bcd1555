import { CoreError } from '../errors.ts';
import { writeClass } from './byte-class.ts';
import { checkWhole } from './scanner.ts';
import type { ScanOptions } from './scanner.ts';
import { StreamScanner } from './stream-scanner.ts';
import { reserved, wasmEngine } from './wasm-engine.ts';

export interface ClassRunOptions extends ScanOptions {
  /** The bytes that a run is made of, as pairs of the first and the last of a range: `'azAZ09'`. Latin-1 characters. */
  readonly ranges: string;
  /** 1 to 2^20. */
  readonly minLength: number;
}

/** Which bytes are of the class. Throws `CW_CORE_SCAN`. */
export function readClass(options: ClassRunOptions): Uint8Array {
  const { ranges, minLength } = options;
  checkWhole('minLength', minLength, 1, 1 << 20);
  const members = new Uint8Array(256);
  if (ranges.length === 0 || ranges.length % 2 !== 0) throw new CoreError('CW_CORE_SCAN', 'ranges are pairs');
  for (let i = 0; i < ranges.length; i += 2) {
    const from = ranges.charCodeAt(i);
    const to = ranges.charCodeAt(i + 1);
    if (from > to || to > 255) throw new CoreError('CW_CORE_SCAN', `not a range of bytes: ${ranges.slice(i, i + 2)}`);
    members.fill(1, from, to + 1);
  }
  return members;
}

/**
 * Finds the longest possible runs of bytes of one class, `minLength` at least: keys in base64, hashes in hex. `what` is
 * 0. A run is given when the byte behind it has been seen, or by `finish`; its length stops counting at 2^32 - 1.
 */
export class ClassRunScanner extends StreamScanner {
  /** Throws `CW_CORE_SCAN`, `CW_CORE_MEMORY`. */
  constructor(options: ClassRunOptions) {
    const members = readClass(options);
    super(
      wasmEngine(options, (core) => {
        const at = reserved(core.classReserve(options.minLength));
        writeClass(core.memory.buffer, at, members);
        return { run: core.classRun, finish: core.classFinish, reset: core.classReset };
      }),
    );
  }
}
