import type { RecordKind } from './record-kinds.ts';
import { printable, table } from './output.ts';

export type Item = Readonly<Record<string, unknown>>;

const TIME = /(?:^at|At|^since)$/;
const MAX_CELL = 60;

/** Columns by the fields' names, times in UTC. */
export function recordTable(kind: Pick<RecordKind, 'columns'>, items: readonly Item[]): string {
  const rows = items.map((item) => kind.columns.map((column) => cell(column, fieldOf(item, column))));
  return table([kind.columns.map(title), ...rows]);
}

/** `subject.name` → what stands there */
export function fieldOf(item: Item, path: string): unknown {
  let value: unknown = item;
  for (const step of path.split('.')) {
    value = typeof value === 'object' && value !== null ? (value as Item)[step] : undefined;
  }
  return value;
}

/** `userName` → `USER NAME` */
function title(column: string): string {
  const name = column.split('.').join(' ');
  return name.replaceAll(/([a-z])([A-Z])/g, '$1 $2').toUpperCase();
}

function cell(column: string, value: unknown): string {
  if (value === null || value === undefined || value === '') return '-';
  if (typeof value === 'number' && TIME.test(column)) return new Date(value).toISOString().replace(/\.\d+Z$/, 'Z');
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  const text = Array.isArray(value) ? value.map(plain).join(',') || '-' : plain(value);
  const short = printable(text);
  return short.length > MAX_CELL ? `${short.slice(0, MAX_CELL - 1)}…` : short;
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
