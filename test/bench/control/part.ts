import type { Row } from '../row.ts';

export interface PartOptions {
  readonly rounds: number;
  /** Whether what takes minutes is measured whole instead of by a sample. */
  readonly full: boolean;
}

/** Measures in a process of its own and ends whatever it started. */
export type Part = (options: PartOptions) => Promise<Row[]>;
