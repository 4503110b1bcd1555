import type { Part } from './part.ts';

/** What the suite consists of, each loaded where it is measured. */
export const PARTS: Readonly<Record<string, () => Promise<Part>>> = {
  revocation: async () => (await import('./revocation-rows.ts')).revocationRows,
};
