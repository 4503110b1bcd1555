import { writeFileSync } from 'node:fs';

/** One figure of a suite. `ratio` is value over the peer's in the same run; `ok` is `null` where there is no target. */
export interface Row {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly peer: string;
  readonly ratio: number | null;
  /** What the ratio should be at most. */
  readonly target: number | null;
  readonly ok: boolean | null;
  /** Lowest and highest ratio (or value, where there is no peer) of the rounds. */
  readonly spread: readonly [number, number];
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/**
 * One row from the rounds of a subject and of its peer. Ratios are taken round by round, so that what disturbed one
 * round disturbed both sides of it.
 */
export function ratioRow(
  name: string,
  unit: string,
  subject: readonly number[],
  peer: { name: string; rounds: readonly number[] } | null,
  target: number | null,
): Row {
  const value = median(subject);
  if (peer === null) {
    const spread = [Math.min(...subject), Math.max(...subject)] as const;
    return { name, value, unit, peer: '', ratio: null, target: null, ok: null, spread };
  }
  const ratios = subject.map((figure, round) => figure / (peer.rounds[round] ?? Number.NaN));
  const ratio = median(ratios);
  return {
    name,
    value,
    unit,
    peer: peer.name,
    ratio,
    target,
    ok: target === null ? null : ratio <= target,
    spread: [Math.min(...ratios), Math.max(...ratios)],
  };
}

/** One row whose rounds are held against a limit that no other program sets. */
export function limitRow(name: string, unit: string, rounds: readonly number[], limit: number): Row {
  const peer = { name: `limit of ${limit} ${unit}`, rounds: rounds.map(() => limit) };
  return ratioRow(name, unit, rounds, peer, 1);
}

const round = (value: number): string => (Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3));

export function printRows(rows: readonly Row[]): void {
  const table = rows.map((row) => ({
    name: row.name,
    value: `${round(row.value)} ${row.unit}`,
    peer: row.peer,
    ratio: row.ratio === null ? '' : `${round(row.ratio)}×`,
    spread: row.spread.map(round).join('–'),
    target: row.target === null ? '' : `≤ ${row.target}×`,
    ok: row.ok === null ? '' : row.ok ? 'yes' : 'MISSED',
  }));
  console.table(table);
}

export function writeRows(file: string, suite: string, conditions: object, rows: readonly Row[]): void {
  writeFileSync(file, `${JSON.stringify({ suite, conditions, rows }, null, 2)}\n`);
}
