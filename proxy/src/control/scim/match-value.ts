import type { Filter, FilterValue } from './filter.ts';
import type { Resource } from './values.ts';

/** Whether one value of a multi-valued attribute, in memory, meets a filter. */
export function matchesValue(filter: Filter, value: Resource): boolean {
  switch (filter.t) {
    case 'and':
      return matchesValue(filter.left, value) && matchesValue(filter.right, value);
    case 'or':
      return matchesValue(filter.left, value) || matchesValue(filter.right, value);
    case 'not':
      return !matchesValue(filter.filter, value);
    case 'present':
      return part(value, filter.path) !== undefined;
    case 'compare':
      return compare(part(value, filter.path), filter.op, filter.value);
    case 'values':
      return false;
  }
}

/** What a value must be so that it meets the filter, where the filter says so plainly. */
export function impliedBy(filter: Filter): ReadonlyMap<string, FilterValue> {
  if (filter.t === 'and') return new Map([...impliedBy(filter.left), ...impliedBy(filter.right)]);
  return filter.t === 'compare' && filter.op === 'eq' ? new Map([[filter.path, filter.value]]) : new Map();
}

function part(value: Resource, path: string): unknown {
  const key = path.toLowerCase();
  return Object.entries(value).find(([name]) => name.toLowerCase() === key)?.[1];
}

function compare(found: unknown, op: string, wanted: FilterValue): boolean {
  if (wanted === null) return op === 'eq' ? found === undefined : op === 'ne' && found !== undefined;
  if (found === undefined) return op === 'ne';
  const left = plain(found).normalize('NFC').toLowerCase();
  const right = String(wanted).normalize('NFC').toLowerCase();
  switch (op) {
    case 'eq':
      return left === right;
    case 'ne':
      return left !== right;
    case 'co':
      return left.includes(right);
    case 'sw':
      return left.startsWith(right);
    case 'ew':
      return left.endsWith(right);
    case 'gt':
      return left > right;
    case 'ge':
      return left >= right;
    case 'lt':
      return left < right;
    default:
      return left <= right;
  }
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
