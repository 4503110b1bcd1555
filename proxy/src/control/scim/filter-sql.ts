import { sql, type Expression, type RawBuilder, type SqlBool } from 'kysely';
import { nameKey, seqOf } from '../directory/names.ts';
import type { Comparison, Filter, FilterValue } from './filter.ts';
import { resolveName } from './names.ts';
import type { ResourceSchema } from './schemas.ts';
import { invalid } from './scim-error.ts';

/** A condition on the rows of a table; every value in it is a parameter. */
export type Condition = Expression<SqlBool>;

/** What a column holds, and so how it is compared. */
export type Column =
  /** Compared as `nameKey` makes it. */
  | { readonly t: 'key'; readonly ref: string }
  | { readonly t: 'exact'; readonly ref: string }
  | { readonly t: 'bool'; readonly ref: string }
  /** Milliseconds since 1970. */
  | { readonly t: 'time'; readonly ref: string }
  | { readonly t: 'id'; readonly ref: string; readonly kind: 'u' | 'g' };

/** An attribute as rows of another table: whoever has such a row meets the condition. */
export interface Rows {
  readonly t: 'rows';
  /** Where the condition on those rows holds for the row in question. */
  readonly having: (condition: Condition | null) => Condition;
  /** Columns by sub-attribute, lower case; `''` for the attribute without one. */
  readonly columns: ReadonlyMap<string, Column>;
}

/** Where an attribute is, by its full name in lower case; `null` for what cannot be searched. */
export type Lookup = (attribute: string, sub: string | null) => Column | Rows | null;

/**
 * A filter as a condition.
 *
 * @throws ScimError `invalidFilter` for an attribute that cannot be searched or a comparison that makes no sense
 */
export function toCondition(filter: Filter, schema: ResourceSchema, lookup: Lookup): Condition {
  const inner = (one: Filter): Condition => toCondition(one, schema, lookup);
  switch (filter.t) {
    case 'and':
      return sql<SqlBool>`(${inner(filter.left)} and ${inner(filter.right)})`;
    case 'or':
      return sql<SqlBool>`(${inner(filter.left)} or ${inner(filter.right)})`;
    case 'not':
      return sql<SqlBool>`not (${inner(filter.filter)})`;
    case 'present':
      return onAttribute(find(schema, lookup, filter.path), isPresent);
    case 'compare':
      return compareAttribute(find(schema, lookup, filter.path), filter.op, filter.value);
    case 'values': {
      const { place, sub } = find(schema, lookup, filter.path);
      if (place.t !== 'rows' || sub !== null)
        throw invalid('invalidFilter', 'only an attribute of many values takes [ ]');
      return place.having(valueCondition(filter.filter, place));
    }
  }
}

interface Found {
  readonly place: Column | Rows;
  readonly sub: string | null;
}

function find(schema: ResourceSchema, lookup: Lookup, path: string): Found {
  const named = resolveName(schema, path);
  const attribute = named?.attribute?.name.toLowerCase();
  const sub = named?.sub?.name.toLowerCase() ?? null;
  const place = attribute === undefined ? null : lookup(attribute, sub);
  if (place === null) throw invalid('invalidFilter', `${path.slice(0, 100)} cannot be searched for`);
  return { place, sub };
}

/** Inside `[ ]` names are sub-attributes. */
function valueCondition(filter: Filter, rows: Rows): Condition {
  switch (filter.t) {
    case 'and':
      return sql<SqlBool>`(${valueCondition(filter.left, rows)} and ${valueCondition(filter.right, rows)})`;
    case 'or':
      return sql<SqlBool>`(${valueCondition(filter.left, rows)} or ${valueCondition(filter.right, rows)})`;
    case 'not':
      return sql<SqlBool>`not (${valueCondition(filter.filter, rows)})`;
    case 'present':
      return isPresent(columnOf(rows, filter.path.toLowerCase()));
    case 'compare':
      return compare(columnOf(rows, filter.path.toLowerCase()), filter.op, filter.value);
    case 'values':
      throw invalid('invalidFilter', '[ ] inside [ ]');
  }
}

function columnOf(rows: Rows, sub: string): Column {
  const column = rows.columns.get(sub);
  if (column === undefined) throw invalid('invalidFilter', 'that part of the attribute cannot be searched for');
  return column;
}

function onAttribute({ place, sub }: Found, test: (column: Column) => Condition): Condition {
  if (place.t !== 'rows') return test(place);
  return place.having(sub === null ? null : test(columnOf(place, sub)));
}

/** Of many values `ne` means that none of them is equal. */
function compareAttribute(found: Found, op: Comparison, value: FilterValue): Condition {
  const { place, sub } = found;
  if (value === null) {
    const present = onAttribute(found, isPresent);
    if (op === 'eq') return sql<SqlBool>`not (${present})`;
    if (op === 'ne') return present;
    throw invalid('invalidFilter', 'null is equal or it is not');
  }
  if (place.t !== 'rows') return compare(place, op, value);
  const column = columnOf(place, sub ?? '');
  if (op === 'ne') return sql<SqlBool>`not (${place.having(compare(column, 'eq', value))})`;
  return place.having(compare(column, op, value));
}

function isPresent({ ref }: Column): Condition {
  return sql<SqlBool>`${sql.ref(ref)} is not null`;
}

function compare(column: Column, op: Comparison, value: FilterValue): Condition {
  if (op === 'ne') return sql<SqlBool>`not (${compare(column, 'eq', value)})`;
  const ref = sql.ref(column.ref);
  // What is not there compares to nothing, also under a `not`.
  return sql<SqlBool>`(${ref} is not null and ${test(column, ref, op, value)})`;
}

function test(column: Column, ref: RawBuilder<unknown>, op: Exclude<Comparison, 'ne'>, value: FilterValue): Condition {
  switch (column.t) {
    case 'key':
      return compareText(ref, op, nameKey(text(value)));
    case 'exact':
      return compareText(ref, op, text(value));
    case 'time': {
      const at = typeof value === 'string' ? Date.parse(value) : Number.NaN;
      if (Number.isNaN(at)) throw invalid('invalidFilter', 'a time is compared to a time');
      return ordered(ref, op, at);
    }
    case 'bool': {
      const wanted = String(value).toLowerCase();
      if (op !== 'eq' || (wanted !== 'true' && wanted !== 'false'))
        throw invalid('invalidFilter', 'true or false is equal or it is not');
      return sql<SqlBool>`${ref} = ${wanted === 'true' ? 1 : 0}`;
    }
    case 'id': {
      if (op !== 'eq') throw invalid('invalidFilter', 'an id is equal or it is not');
      return sql<SqlBool>`${ref} = ${seqOf(column.kind, text(value)) ?? 0}`;
    }
  }
}

function text(value: FilterValue): string {
  return String(value);
}

function compareText(ref: RawBuilder<unknown>, op: Exclude<Comparison, 'ne'>, value: string): Condition {
  switch (op) {
    // Neither is LIKE: nothing in a value is a pattern, and databases differ in the case of LIKE.
    case 'co':
      return value === '' ? sql<SqlBool>`1 = 1` : sql<SqlBool>`replace(${ref}, ${value}, '') <> ${ref}`;
    case 'ew': {
      const length = Array.from(value).length; // characters, as the databases count them
      return sql<SqlBool>`substr(${ref}, length(${ref}) - ${sql.lit(length - 1)}, ${sql.lit(length)}) = ${value}`;
    }
    case 'sw':
      return sql<SqlBool>`(${ref} >= ${value} and ${ref} < ${`${value}\u{10ffff}`})`;
    default:
      return ordered(ref, op, value);
  }
}

function ordered(ref: RawBuilder<unknown>, op: Comparison, value: string | number): Condition {
  switch (op) {
    case 'eq':
      return sql<SqlBool>`${ref} = ${value}`;
    case 'gt':
      return sql<SqlBool>`${ref} > ${value}`;
    case 'ge':
      return sql<SqlBool>`${ref} >= ${value}`;
    case 'lt':
      return sql<SqlBool>`${ref} < ${value}`;
    case 'le':
      return sql<SqlBool>`${ref} <= ${value}`;
    default:
      throw invalid('invalidFilter', 'only a text contains something');
  }
}
