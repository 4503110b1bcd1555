import type { Kysely } from 'kysely';
import type { StoreTables } from '../schema.ts';

/** Never edited once released. A list by creation, of a hundred thousand rules, would sort them with their bodies. */
export async function objectCreation({ schema }: Kysely<StoreTables>): Promise<void> {
  await schema.createIndex('object_by_creation').on('object').columns(['kind', 'created_at', 'name']).execute();
}
