import { buildAutomaton } from './automaton.ts';
import { CoreError } from '../errors.ts';
import type { ScanExports } from './scan-instance.ts';
import { reserved } from './wasm-engine.ts';

const MAX_CLASSES = 256;
const MIN_GRAM = 4;
const MAX_GRAM = 8;
const MAX_STEP = 4;
const CASE_BITS = 0x2020_2020_2020_2020n;

/** Writes the tables that `assembly/scan/aho-corasick.ts` draws. Throws `CW_CORE_SCAN`, `CW_CORE_MEMORY`. */
export function loadAutomaton(core: ScanExports, literals: readonly Uint8Array[], ignoreCase: boolean): void {
  const { classes, classCount, states, acceptFrom, rows, reports, same } = buildAutomaton(literals, ignoreCase);
  if (classCount > MAX_CLASSES) throw new CoreError('CW_CORE_SCAN', 'literals that have all 256 byte values');
  const lengths = literals.map((bytes) => bytes.length);
  const longest = Math.max(...lengths);
  const at = reserved(core.ahoReserve(states, classCount, acceptFrom, literals.length, longest));
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
  loadFilter(core, at, literals, ignoreCase);
}

/** `scratch` is overwritten and put back. */
function loadFilter(core: ScanExports, scratch: number, literals: readonly Uint8Array[], ignoreCase: boolean): void {
  const shortest = Math.min(...literals.map((bytes) => bytes.length));
  if (shortest < MIN_GRAM) return;
  const gram = Math.min(MAX_GRAM, Math.max(MIN_GRAM, shortest - 1));
  const step = Math.min(MAX_STEP, shortest - gram + 1);
  core.ahoFilter(gram, step, ignoreCase ? CASE_BITS : 0n);
  const room = new Uint8Array(core.memory.buffer, scratch, 256);
  const kept = room.slice();
  for (const bytes of literals) {
    for (let back = 0; back < step; back++) {
      const end = bytes.length - back;
      // Eight bytes are read, of which only the gram counts.
      room.set(bytes.subarray(Math.max(0, end - MAX_GRAM), end), MAX_GRAM - Math.min(MAX_GRAM, end));
      core.ahoFilterAdd(scratch + MAX_GRAM);
    }
  }
  room.set(kept);
}
