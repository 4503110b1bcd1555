import { loadAutomaton } from './automaton-tables.ts';
import { haveEndings, loadEndings } from './ending-tables.ts';
import { readLiterals } from './literal-set.ts';
import type { LiteralOptions } from './literal-set.ts';
import type { ScanExports } from './scan-instance.ts';
import { StreamScanner } from './stream-scanner.ts';
import { TEDDY_LITERALS, loadTeddy } from './teddy-tables.ts';
import { wasmEngine } from './wasm-engine.ts';
import type { LoadTables } from './wasm-engine.ts';

/**
 * Finds every occurrence of every literal, overlapping ones too. `what` of a hit is the literal's index; hits with the
 * same end come by ascending index. Up to 8192 of 128 KiB together. Literals of four bytes and more are looked
 * for by their endings; where there are shorter ones too, or too many that end alike, up to 64 are compared 16 bytes of
 * text at a time and more run through an automaton.
 */
export class LiteralScanner extends StreamScanner {
  /** Literals are 1 to 255 bytes, strings in UTF-8. `maxHits` is at least their number. Throws `CW_CORE_SCAN`, `CW_CORE_MEMORY`. */
  constructor(literals: readonly (string | Uint8Array)[], options: LiteralOptions = {}) {
    const folded = readLiterals(literals, options);
    super(wasmEngine(options, (core) => loadLiterals(core, folded, options.ignoreCase === true)));
  }
}

/** Chooses how they are found. */
function loadLiterals(core: ScanExports, literals: readonly Uint8Array[], ignoreCase: boolean): ReturnType<LoadTables> {
  const stateless = { finish: () => 0, reset: () => undefined };
  if (haveEndings(literals)) {
    loadEndings(core, literals, ignoreCase);
    return { run: core.endingsRun, ...stateless };
  }
  if (literals.length <= TEDDY_LITERALS) {
    loadTeddy(core, literals, ignoreCase);
    return { run: core.teddyRun, ...stateless };
  }
  loadAutomaton(core, literals, ignoreCase);
  return { run: core.ahoRun, finish: () => 0, reset: core.ahoReset };
}
