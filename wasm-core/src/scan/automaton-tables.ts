import { buildAutomaton } from './automaton.ts';
import { CoreError } from '../errors.ts';
import type { ScanExports } from './scan-instance.ts';
import { reserved } from './wasm-engine.ts';

const MAX_CLASSES = 256;

/** Writes the tables that `assembly/scan/aho-corasick.ts` draws. Throws `CW_CORE_SCAN`, `CW_CORE_MEMORY`. */
export function loadAutomaton(core: ScanExports, literals: readonly Uint8Array[], ignoreCase: boolean): void {
  const { classes, classCount, states, acceptFrom, rows, reports, same } = buildAutomaton(literals, ignoreCase);
  if (classCount > MAX_CLASSES) throw new CoreError('CW_CORE_SCAN', 'literals that have all 256 byte values');
  const lengths = literals.map((bytes) => bytes.length);
  const at = reserved(core.ahoReserve(states, classCount, acceptFrom, literals.length));
  new Uint8Array(core.memory.buffer, at, 256).set(classes);
  const words = new Uint32Array(core.memory.buffer, at + 256, rows.length + reports.length * 3 + literals.length * 3);
  for (let i = 0; i < rows.length; i++) words[i] = (rows[i] ?? 0) * classCount;
  let word = rows.length;
  for (const { literal, suffix } of reports) {
    words.set([literal, suffix, 0], word);
    word += 3;
  }
  for (const [index, length] of lengths.entries()) {
    words.set([same[index] ?? -1, length, 0], word);
    word += 3;
  }
}
