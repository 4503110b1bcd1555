import { FILLED_AT } from '@causeway/proxy/measured-control';

/** What the OpenAPI document says of a route, as far as lists are found and asked by it. */
export interface ApiDocument {
  readonly paths?: Readonly<Record<string, { readonly get?: ApiOperation }>>;
}

interface ApiOperation {
  readonly parameters?: readonly ApiParameter[];
  readonly responses?: Readonly<Record<string, { readonly content?: Readonly<Record<string, { schema?: unknown }>> }>>;
}

interface ApiParameter {
  readonly name: string;
  readonly in: string;
  readonly schema?: { readonly enum?: readonly unknown[]; readonly type?: unknown; readonly anyOf?: unknown };
  readonly description?: string;
}

export interface ListRoute {
  readonly path: string;
  readonly parameters: readonly ApiParameter[];
}

export type Query = Readonly<Record<string, string>>;
export type Item = Readonly<Record<string, unknown>>;

/** What nothing has, and what one row of a million has. */
const NOWHERE = 'nowhere-to-be-found';
const NEEDLE = 'needle';
/** Where a value means something that its first item does not show. */
const HINTS: Readonly<Record<string, readonly string[]>> = {
  'filter[idp]': ['default'],
  'filter[group]': ['g1', 'g5000', 'g999999'],
  before: ['1', 'working'],
  after: ['working'],
};
const NO_FILTERS = new Set(['limit', 'cursor', 'sort', 'q']);

/** Every route that answers with `items`. */
export function listRoutes(document: ApiDocument): ListRoute[] {
  return Object.entries(document.paths ?? {}).flatMap(([path, { get }]) => {
    const schema = get?.responses?.['200']?.content?.['application/json']?.schema;
    const properties = typeof schema === 'object' && schema !== null && 'properties' in schema ? schema.properties : {};
    if (typeof properties !== 'object' || properties === null || !('items' in properties)) return [];
    return [{ path, parameters: (get?.parameters ?? []).filter((one) => one.in === 'query') }];
  });
}

/** @param first an item of the list as it is without conditions, for values that many have */
export function queriesOf({ parameters }: ListRoute, first: Item | undefined): Query[] {
  const named = new Map(parameters.map((one) => [one.name, one]));
  const paged = named.has('limit') ? { limit: '500' } : {};
  const sorts = sortsOf(named.get('sort')).map((sort) => ({ ...paged, sort }));
  const orders: Query[] = sorts.length > 0 ? sorts : [paged];
  const filters = parameters
    .filter(({ name }) => !NO_FILTERS.has(name))
    .map((one) => valuesOf(one, first).map((value): Query => ({ [one.name]: value })));
  const words = named.has('q')
    ? ['9', '99 1', valueAt(first, 'name') ?? valueAt(first, 'userName') ?? 'a', NOWHERE]
    : [];
  const conditions = [...filters.flat(), ...words.map((q): Query => ({ q }))];
  const pairs = filters.flatMap((values, i) =>
    filters.slice(i + 1).flatMap((others) => values.flatMap((a) => others.map((b) => ({ ...paged, ...a, ...b })))),
  );
  const searched = filters.flat().map((filter) => ({ ...paged, ...filter, q: NOWHERE }));
  return [
    ...orders,
    ...orders.flatMap((order) => conditions.map((condition) => ({ ...order, ...condition }))),
    ...pairs,
    ...(named.has('q') ? searched : []),
  ];
}

function sortsOf(sort: ApiParameter | undefined): string[] {
  if (sort === undefined) return [];
  const given = sort.schema?.enum?.map(String);
  // `name, position, createdAt or updatedAt; with - downwards`
  const fields = (sort.description ?? '').split(';')[0]?.split(/, | or /) ?? [];
  return given ?? fields.flatMap((field) => [field, `-${field}`]);
}

function valuesOf({ name, schema }: ApiParameter, first: Item | undefined): readonly string[] {
  const hints = HINTS[name];
  if (hints !== undefined) return hints;
  if (schema?.enum !== undefined) return schema.enum.map(String);
  if (JSON.stringify(schema?.type ?? '').includes('integer')) {
    return [FILLED_AT - 30 * 86_400_000, FILLED_AT].map((time) => String(name.includes('status') ? 599 : time));
  }
  const field = /^filter\[(.*)\]$/.exec(name)?.[1] ?? name;
  const found = valueAt(first, field) ?? valueAt(first?.['body'], field);
  return [...new Set([...(found === undefined ? [] : [found]), NEEDLE, NOWHERE])];
}

function valueAt(item: unknown, path: string): string | undefined {
  const value = path.split('.').reduce<unknown>((part, key) => {
    const one: unknown = Array.isArray(part) ? part[0] : part;
    return typeof one === 'object' && one !== null ? Reflect.get(one, key) : undefined;
  }, item);
  const one: unknown = Array.isArray(value) ? value[0] : value;
  return typeof one === 'string' || typeof one === 'number' ? String(one) : undefined;
}
