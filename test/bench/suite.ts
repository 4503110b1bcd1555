import type { Row } from './row.ts';

/** A suite measures subject and peers interleaved in one run and says under which conditions. */
export type Suite = (options: { rounds: number; seconds: number }) => Promise<{ conditions: object; rows: Row[] }>;
