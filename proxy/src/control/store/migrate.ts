import { sql, type Kysely, type Transaction } from 'kysely';
import { CausewayError } from '@causeway/contract';
import type { Database } from './database.ts';
import { foundation } from './migrations/0001-foundation.ts';
import { organisationalUnits } from './migrations/0002-organisational-units.ts';
import { objects } from './migrations/0003-objects.ts';
import { directory } from './migrations/0004-directory.ts';
import { admin } from './migrations/0005-admin.ts';
import { events } from './migrations/0006-events.ts';
import { sealing } from './migrations/0007-sealing.ts';
import { objectCreation } from './migrations/0008-object-creation.ts';
import { alertsAndIncidents } from './migrations/0009-alerts-incidents.ts';
import { probe } from './migrations/0010-probe.ts';
import { callers } from './migrations/0011-callers.ts';
import { reports } from './migrations/0012-reports.ts';
import { signOnTickets } from './migrations/0013-sign-on-tickets.ts';
import { localPeople } from './migrations/0014-local-people.ts';
import type { StoreTables } from './schema.ts';

interface Migration {
  readonly name: string;
  readonly up: (db: Kysely<StoreTables>, dialect: Database['dialect']) => Promise<void>;
}

/** In order; the number of a migration is its place, from 1. Only ever appended to. */
export const MIGRATIONS: readonly Migration[] = [
  { name: 'foundation', up: foundation },
  { name: 'organisational-units', up: organisationalUnits },
  { name: 'objects', up: objects },
  { name: 'directory', up: directory },
  { name: 'admin', up: admin },
  { name: 'events', up: events },
  { name: 'sealing', up: sealing },
  { name: 'object-creation', up: objectCreation },
  { name: 'alerts-and-incidents', up: alertsAndIncidents },
  { name: 'probe', up: probe },
  { name: 'callers', up: callers },
  { name: 'reports', up: reports },
  { name: 'sign-on-tickets', up: signOnTickets },
  { name: 'local-people', up: localPeople },
];

/** Any number that nobody else locks in this database. */
const MIGRATION_LOCK = 0x6361_7573;

/**
 * Brings the store to this version, forward only. Everything happens in one transaction that begins with the write
 * lock, so that of two processes starting at once one waits and then finds nothing to do, and a failure leaves the
 * store as it was.
 *
 * @throws CausewayError `CW_STORE_FAILED` where a newer Causeway has written the store
 */
export async function migrate(
  db: Kysely<StoreTables>,
  dialect: Database['dialect'],
  migrations: readonly Migration[] = MIGRATIONS,
): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await lockMigrations(tx, dialect);
    await migrateWithin(tx, dialect, migrations);
  });
}

/** Whoever changes tables holds this until its transaction ends. SQLite's transactions have the write lock from the start. */
export async function lockMigrations(tx: Transaction<StoreTables>, dialect: Database['dialect']): Promise<void> {
  if (dialect === 'postgres') await sql`select pg_advisory_xact_lock(${sql.lit(MIGRATION_LOCK)})`.execute(tx);
}

/** `migrate` in a transaction that has the lock. */
export async function migrateWithin(
  tx: Transaction<StoreTables>,
  dialect: Database['dialect'],
  migrations: readonly Migration[] = MIGRATIONS,
): Promise<void> {
  await tx.schema
    .createTable('migration')
    .ifNotExists()
    .addColumn('number', 'integer', (c) => c.primaryKey().notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .execute();
  const done = await tx.selectFrom('migration').selectAll().orderBy('number').execute();
  for (const [i, { number, name }] of done.entries()) {
    if (number === i + 1 && migrations[i]?.name === name) continue;
    throw new CausewayError(
      'CW_STORE_FAILED',
      `the store holds migration ${number} "${name}", which this version does not know: run the version that wrote it`,
    );
  }
  for (const [i, { name, up }] of migrations.entries()) {
    if (i < done.length) continue;
    await up(tx, dialect);
    await tx
      .insertInto('migration')
      .values({ number: i + 1, name })
      .execute();
  }
}
