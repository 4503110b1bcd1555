import { sql, type Transaction } from 'kysely';
import type { Database } from '../store/database.ts';
import type { StoreTables } from '../store/schema.ts';

type Tx = Transaction<StoreTables>;

/** What a server may sort an index in, instead of in files. */
const SORT_MIB = 128;

/**
 * Takes every index away that no key and no constraint needs. Rows that come in the order of one index come in no
 * order of any other, so that each would touch a page of every index: it is much quicker to sort them once at the end.
 *
 * @returns the statements that make the same indexes again, for `makeIndexes`
 */
export async function dropIndexes(tx: Tx, dialect: Database['dialect']): Promise<readonly string[]> {
  const query =
    dialect === 'sqlite'
      ? // An index of a constraint has no statement of its own.
        sql<{ name: string; statement: string }>`
          select name, sql as statement from sqlite_master where type = 'index' and sql is not null order by name`
      : sql<{ name: string; statement: string }>`
          select c.relname as name, pg_get_indexdef(c.oid) as statement
          from pg_index i join pg_class c on c.oid = i.indexrelid
          where c.relnamespace = current_schema()::regnamespace
            and not exists (select from pg_constraint where conindid = c.oid)
          order by c.relname`;
  const { rows } = await query.execute(tx);
  for (const { name } of rows) await sql`drop index ${sql.ref(name)}`.execute(tx);
  return rows.map(({ statement }) => statement);
}

/** @param statements of `dropIndexes` */
export async function makeIndexes(tx: Tx, dialect: Database['dialect'], statements: readonly string[]): Promise<void> {
  if (dialect === 'postgres') await sql`set local maintenance_work_mem = ${sql.lit(`${SORT_MIB}MB`)}`.execute(tx);
  for (const statement of statements) await sql.raw(statement).execute(tx);
}
