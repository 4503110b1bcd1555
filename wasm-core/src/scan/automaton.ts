import { isLetter } from './literal-set.ts';

/** The automaton of Aho and Corasick over byte classes, states in breadth-first order with those that report last. */
export interface Automaton {
  /** Byte to class; bytes that no literal has share class 0. */
  readonly classes: Uint16Array;
  readonly classCount: number;
  readonly states: number;
  /** States from this one on report. */
  readonly acceptFrom: number;
  /** `rows[state * classCount + class]` is the next state. */
  readonly rows: Uint32Array;
  /** Per reporting state: its first literal or -1, and the nearest suffix that reports or -1, both counted from `acceptFrom`. */
  readonly reports: readonly { readonly literal: number; readonly suffix: number }[];
  /** Per literal: the next one with the same bytes, or -1. */
  readonly same: Int32Array;
}

/** @param literals folded to lower case where `ignoreCase` */
export function buildAutomaton(literals: readonly Uint8Array[], ignoreCase: boolean): Automaton {
  const classes = new Uint16Array(256);
  let classCount = 1;
  for (const byte of new Set(literals.flatMap((bytes) => [...bytes]))) {
    classes[byte] = classCount;
    if (ignoreCase && isLetter(byte)) classes[byte & ~0x20] = classCount;
    classCount++;
  }
  const total = literals.reduce((sum, bytes) => sum + bytes.length, 1);
  // Built in order of creation, renumbered at the end. 0 is the root and, as a child, none.
  const next = new Uint32Array(total * classCount);
  const literal = new Int32Array(total).fill(-1);
  const same = new Int32Array(literals.length).fill(-1);
  let states = 1;
  for (const [index, bytes] of literals.entries()) {
    let state = 0;
    for (const byte of bytes) {
      const at = state * classCount + (classes[byte] ?? 0);
      if (next[at] === 0) next[at] = states++;
      state = next[at] ?? 0;
    }
    same[index] = literal[state] ?? -1;
    literal[state] = index;
  }
  const suffix = new Int32Array(states).fill(-1);
  const fail = new Uint32Array(states);
  const order = [0];
  for (let head = 0; head < order.length; head++) {
    const state = order[head] ?? 0;
    const back = fail[state] ?? 0;
    if (state !== 0) suffix[state] = literal[back] === -1 ? (suffix[back] ?? -1) : back;
    for (let k = 0; k < classCount; k++) {
      const child = next[state * classCount + k] ?? 0;
      const fallback = state === 0 ? 0 : (next[back * classCount + k] ?? 0);
      if (child === 0) next[state * classCount + k] = fallback;
      else {
        fail[child] = fallback;
        order.push(child);
      }
    }
  }
  const isReporting = (state: number): boolean => literal[state] !== -1 || suffix[state] !== -1;
  const reporting = order.filter(isReporting);
  const sorted = [...order.filter((state) => !isReporting(state)), ...reporting];
  const acceptFrom = states - reporting.length;
  const number = new Uint32Array(states);
  for (const [place, state] of sorted.entries()) number[state] = place;
  const rows = new Uint32Array(states * classCount);
  for (const [place, state] of sorted.entries()) {
    for (let k = 0; k < classCount; k++) {
      rows[place * classCount + k] = number[next[state * classCount + k] ?? 0] ?? 0;
    }
  }
  const reports = reporting.map((state) => {
    const reported = suffix[state] ?? -1;
    return { literal: literal[state] ?? -1, suffix: reported === -1 ? -1 : (number[reported] ?? 0) - acceptFrom };
  });
  return { classes, classCount, states, acceptFrom, rows, reports, same };
}
