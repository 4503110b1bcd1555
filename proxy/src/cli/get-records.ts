import { CausewayError } from '@causeway/contract';
import type { AdminClient } from '../admin-client/admin-client.ts';
import type { GetQuery } from './get-query.ts';
import { say, warn } from './output.ts';
import type { RecordKind } from './record-kinds.ts';
import { fieldOf, recordTable, type Item } from './record-table.ts';
import { someOf } from './whole-list.ts';
import { yamlText } from './yaml-text.ts';

/** Routes are looked up in a table here, so the client's types cannot follow; every list has this shape. */
type AnyList = 'GET /users';
type AnyItem = 'GET /users/{id}';

const PAGE = 500;
const MEMBERS = 1_000;

type NamedKind = RecordKind & { readonly kind: string };

/** A kind's records, or one by a name that people know. */
export async function getRecords(
  client: AdminClient,
  kind: NamedKind,
  name: string | undefined,
  { query, limit, as }: GetQuery,
): Promise<void> {
  if (name !== undefined) {
    const one = await findOne(client, kind, name);
    say(as === 'json' ? JSON.stringify(one) : await yamlText(one));
    return;
  }
  const most = limit ?? kind.newest ?? null;
  const items = await someOf(itemsOf(client, kind, query), most === null ? null : most + 1);
  const shown = most === null ? items : items.slice(0, most);
  if (as === 'json') say(JSON.stringify(shown));
  else if (as === 'yaml') say(await yamlText(shown));
  else say(shown.length === 0 ? `no ${kind.kind}` : recordTable(kind, shown));
  if (shown.length < items.length) warn(`these are ${shown.length}, and there are more: --limit N`);
}

async function* itemsOf(client: AdminClient, kind: RecordKind, query: GetQuery['query']): AsyncGenerator<Item> {
  const route = kind.list as AnyList;
  if (kind.whole === true) {
    const { items } = await client.call(route, { query });
    yield* items;
  } else yield* client.all(route, { query: { limit: PAGE, ...query } });
}

/** @throws CausewayError `CW_NOT_FOUND`; `CW_USAGE` where several are called so */
async function findOne(client: AdminClient, kind: NamedKind, name: string): Promise<Item> {
  const wanted = name.toLowerCase();
  const [first] = kind.names;
  const query = kind.filtered === true ? { [`filter[${first}]`]: name } : {};
  const found: Item[] = [];
  for await (const item of itemsOf(client, kind, query)) {
    const fits = kind.names.some((field) => String(fieldOf(item, field)).toLowerCase() === wanted);
    if (fits) found.push(item);
  }
  if (found.length > 1) {
    const ids = found.map(({ id }) => String(id)).join(', ');
    throw new CausewayError('CW_USAGE', `${found.length} ${kind.kind} are called ${name}; by id: ${ids}`);
  }
  const known = found[0]?.['id'];
  const id = typeof known === 'string' ? known : kind.filtered === true ? name : null;
  if (kind.one !== undefined && id !== null) return whole(client, kind, id, name);
  const [only] = found;
  if (only === undefined) throw missing(kind, name);
  return only;
}

async function whole(client: AdminClient, kind: NamedKind, id: string, name: string): Promise<Item> {
  try {
    const one: Item = await client.call(kind.one as AnyItem, { params: { id } });
    if (kind.members === undefined) return one;
    const asked = client.all(kind.members as 'GET /groups/{id}/members', { params: { id }, query: { limit: PAGE } });
    const members = await someOf(asked, MEMBERS + 1);
    if (members.length > MEMBERS) warn(`${MEMBERS} members are shown, and there are more`);
    return { ...one, members: members.slice(0, MEMBERS).map((each) => `${each.displayName} (${each.id})`) };
  } catch (error) {
    // An id that is no id of the kind is refused as such; it was meant as a name.
    if (error instanceof CausewayError && ['CW_NOT_FOUND', 'CW_INPUT_INVALID'].includes(error.code)) {
      throw missing(kind, name);
    }
    throw error;
  }
}

function missing({ kind }: NamedKind, name: string): CausewayError {
  return new CausewayError('CW_NOT_FOUND', `there is no ${name} among ${kind}; causeway get ${kind} lists them`);
}
