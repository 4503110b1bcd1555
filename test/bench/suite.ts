import type { Row } from './row.ts';

export interface SuiteOptions {
  readonly rounds: number;
  /** Of each round under load. */
  readonly seconds: number;
  /** Names of the parts to run; all where it is empty. */
  readonly parts: readonly string[];
  /** Whether what takes minutes is measured whole instead of by a sample. */
  readonly full: boolean;
}

/** A suite measures subject and peers interleaved in one run and says under which conditions. */
export type Suite = (options: SuiteOptions) => Promise<{ conditions: object; rows: Row[] }>;
