import type { Part } from './part.ts';

/** What the suite consists of, each loaded where it is measured. */
export const PARTS: Readonly<Record<string, () => Promise<Part>>> = {
  revocation: async () => (await import('./revocation-rows.ts')).revocationRows,
  follow: async () => (await import('./follow-rows.ts')).followRows,
  events: async () => (await import('./event-rows.ts')).eventRows,
  'lists-sqlite': async () => (await import('./list-rows.ts')).sqliteListRows,
  'scim-sqlite': async () => (await import('./scim-rows.ts')).sqliteScimRows,
  'scim-postgres': async () => (await import('./scim-rows.ts')).postgresScimRows,
  'lists-postgres': async () => (await import('./list-rows.ts')).postgresListRows,
  publish: async () => (await import('./publish-rows.ts')).publishRows,
};
