import { buildAutomaton } from './automaton.ts';
import { CoreError } from '../errors.ts';
import {
  SCAN_CLASSES,
  SCAN_REPORT_BYTES,
  SCAN_REPORT_LITERAL,
  SCAN_REPORT_SUFFIX,
  SCAN_SAME_BYTES,
  SCAN_SAME_LENGTH,
  SCAN_SAME_NEXT,
} from '../layout.gen.ts';
import type { ScanExports } from './scan-instance.ts';
import { reserved } from './wasm-engine.ts';

/** Writes the tables that `assembly/scan/aho-corasick.ts` draws. Throws `CW_CORE_SCAN`, `CW_CORE_MEMORY`. */
export function loadAutomaton(core: ScanExports, literals: readonly Uint8Array[], ignoreCase: boolean): void {
  const { classes, classCount, states, acceptFrom, rows, reports, same } = buildAutomaton(literals, ignoreCase);
  if (classCount > SCAN_CLASSES) throw new CoreError('CW_CORE_SCAN', 'literals that have all 256 byte values');
  const at = reserved(core.ahoReserve(states, classCount, acceptFrom, literals.length));
  const { buffer } = core.memory;
  new Uint8Array(buffer, at, SCAN_CLASSES).set(classes);
  const table = new Uint32Array(buffer, at + SCAN_CLASSES, rows.length);
  for (let i = 0; i < rows.length; i++) table[i] = (rows[i] ?? 0) * classCount;
  const reportsAt = at + SCAN_CLASSES + table.byteLength;
  const reportView = new DataView(buffer, reportsAt, reports.length * SCAN_REPORT_BYTES);
  for (const [i, { literal, suffix }] of reports.entries()) {
    reportView.setInt32(i * SCAN_REPORT_BYTES + SCAN_REPORT_LITERAL, literal, true);
    reportView.setInt32(i * SCAN_REPORT_BYTES + SCAN_REPORT_SUFFIX, suffix, true);
  }
  const literalsAt = reportsAt + reportView.byteLength;
  const literalView = new DataView(buffer, literalsAt, literals.length * SCAN_SAME_BYTES);
  for (const [i, { length }] of literals.entries()) {
    literalView.setInt32(i * SCAN_SAME_BYTES + SCAN_SAME_NEXT, same[i] ?? -1, true);
    literalView.setUint32(i * SCAN_SAME_BYTES + SCAN_SAME_LENGTH, length, true);
  }
}
