import { loadAutomaton } from './automaton-tables.ts';
import { readLiterals } from './literal-set.ts';
import type { LiteralOptions } from './literal-set.ts';
import { StreamScanner } from './stream-scanner.ts';
import { TEDDY_LITERALS, loadTeddy } from './teddy-tables.ts';
import { wasmEngine } from './wasm-engine.ts';

/**
 * Finds every occurrence of every literal, overlapping ones too. `what` of a hit is the literal's index; hits with the
 * same end come by ascending index. Up to 64 literals are compared 16 bytes of text at a time; more, up to 8192 of
 * 128 KiB together, by an automaton.
 */
export class LiteralScanner extends StreamScanner {
  /** Literals are 1 to 255 bytes, strings in UTF-8. `maxHits` is at least their number. Throws `CW_CORE_SCAN`, `CW_CORE_MEMORY`. */
  constructor(literals: readonly (string | Uint8Array)[], options: LiteralOptions = {}) {
    const folded = readLiterals(literals, options);
    const ignoreCase = options.ignoreCase === true;
    const few = folded.length <= TEDDY_LITERALS;
    super(
      wasmEngine(options, (core) => {
        if (few) loadTeddy(core, folded, ignoreCase);
        else loadAutomaton(core, folded, ignoreCase);
        return few
          ? { run: core.teddyRun, finish: () => 0, reset: () => undefined }
          : { run: core.ahoRun, finish: () => 0, reset: core.ahoReset };
      }),
    );
  }
}
