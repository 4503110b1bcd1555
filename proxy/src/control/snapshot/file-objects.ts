import type { Kysely } from 'kysely';
import type { ObjectKind } from '@causeway/contract';
import type { Config } from '../../config/schema.ts';
import type { ContentText } from '../objects/chunks.ts';
import { KINDS } from '../objects/kinds/kinds.ts';
import { FILE_POSITIONS, placeInOrder } from '../objects/positions.ts';
import type { PreparedChange } from '../objects/prepared-change.ts';
import { searchable } from '../objects/searchable.ts';
import type { StoreTables } from '../store/schema.ts';

/** The kinds that a configuration file may hold objects of. */
export const FILE_KINDS = ['publishers', 'apps', 'rules'] as const satisfies readonly ObjectKind[];

/** The file's objects of one kind, in its order. */
export function fileTexts(config: Config, kind: (typeof FILE_KINDS)[number]): ContentText[] {
  return config[kind].map((body) => ({ name: body.name, managedBy: 'file', text: JSON.stringify(body) }));
}

/** What must change in the working set so that it holds the file's objects, in their order, and no older ones. */
export async function fileChanges(db: Kysely<StoreTables>, config: Config): Promise<PreparedChange[]> {
  const changes: PreparedChange[] = [];
  for (const kind of FILE_KINDS) {
    const rows = await db
      .selectFrom('object')
      .select(['name', 'digest', 'position'])
      .where('kind', '=', kind)
      .where('managed_by', '=', 'file')
      .execute();
    const present = new Map(rows.map((row) => [row.name, row]));
    const { ordered } = KINDS[kind];
    const positions = ordered
      ? placeInOrder(
          config[kind].map(({ name }) => present.get(name)?.position ?? null),
          FILE_POSITIONS,
        )
      : [];
    for (const [i, body] of config[kind].entries()) {
      const row = present.get(body.name);
      present.delete(body.name);
      const put = searchable(kind, body);
      const at = positions[i] ?? 0;
      if (row !== undefined && row.digest === put.digest && row.position === at) continue;
      const position = ordered ? { at } : undefined;
      changes.push({ kind, name: body.name, ifRevision: undefined, put, position });
    }
    for (const name of present.keys()) {
      changes.push({ kind, name, ifRevision: undefined, put: null, position: undefined });
    }
  }
  return changes;
}

/** Names of the API's objects of the kind. */
export async function apiNames(db: Kysely<StoreTables>, kind: ObjectKind): Promise<Set<string>> {
  const query = db.selectFrom('object').select('name').where('kind', '=', kind).where('managed_by', '=', 'api');
  return new Set((await query.execute()).map(({ name }) => name));
}
