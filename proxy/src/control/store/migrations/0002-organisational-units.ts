import type { Kysely } from 'kysely';
import type { StoreTables } from '../schema.ts';

/** Where in the organisation a person is, as the identity provider says it; null where it does not. */
export async function organisationalUnits({ schema }: Kysely<StoreTables>): Promise<void> {
  await schema.alterTable('person').addColumn('ou', 'text').execute();
  await schema.alterTable('session').addColumn('ou', 'text').execute();
}
