import { CausewayError, isObjectKind, OBJECT_KINDS, type ObjectKind } from '@causeway/contract';
import { didYouMean } from '../config/closest.ts';
import { ADMIN_OPTIONS, connectAdmin } from './admin-connection.ts';
import { number, parse } from './arguments.ts';
import { getObjects } from './get-objects.ts';
import type { GetQuery } from './get-query.ts';
import { getRecords } from './get-records.ts';
import { EXIT } from './output.ts';
import { RECORD_KINDS } from './record-kinds.ts';

/** Whatever the API lists: a kind, or one of it by its name. */
export async function get(args: string[]): Promise<number> {
  const { values, positionals } = parse(args, {
    ...ADMIN_OPTIONS,
    yaml: { type: 'boolean', default: false },
    filter: { type: 'string', multiple: true, default: [] },
    search: { type: 'string' },
    sort: { type: 'string' },
    limit: { type: 'string' },
  });
  const [word, name] = positionals;
  if (positionals.length > 2) throw new CausewayError('CW_USAGE', 'get takes a kind and perhaps a name');
  if (values.yaml && values.json) throw new CausewayError('CW_USAGE', 'either --yaml or --json');
  const { search, sort } = values;
  const asked: GetQuery = {
    query: {
      ...Object.fromEntries(values.filter.map(filterOf)),
      ...(search === undefined ? {} : { q: search }),
      ...(sort === undefined ? {} : { sort }),
    },
    limit: values.limit === undefined ? null : number('limit', values.limit, 1, 1_000_000),
    as: values.json ? 'json' : values.yaml ? 'yaml' : 'table',
  };
  if (name !== undefined && (Object.keys(asked.query).length > 0 || asked.limit !== null)) {
    throw new CausewayError('CW_USAGE', 'a name says which one: --filter, --search, --sort and --limit are for lists');
  }
  const known = word === undefined || !Object.hasOwn(RECORD_KINDS, word) ? undefined : RECORD_KINDS[word];
  const kind = known === undefined ? anyKind(word) : null;
  const client = await connectAdmin(values);
  if (kind !== null) await getObjects(client, kind, name, asked);
  else if (known !== undefined) await getRecords(client, { ...known, kind: word ?? '' }, name, asked);
  return EXIT.ok;
}

/** `state=registered` → the API's words. @throws CausewayError `CW_USAGE` */
function filterOf(text: string): [string, string] {
  const [, field, value] = /^([A-Za-z.]+)=(.*)$/s.exec(text) ?? [];
  if (field === undefined || value === undefined) {
    throw new CausewayError('CW_USAGE', `--filter is FIELD=VALUE, like --filter state=registered, not "${text}"`);
  }
  return [`filter[${field}]`, value];
}

/** @throws CausewayError `CW_USAGE` */
function anyKind(word: string | undefined): ObjectKind {
  if (isObjectKind(word)) return word;
  const kinds = [...OBJECT_KINDS, ...Object.keys(RECORD_KINDS)];
  throw noKind(word, kinds);
}

/** Of configuration objects alone. @throws CausewayError `CW_USAGE` */
export function objectKind(word: string | undefined): ObjectKind {
  if (isObjectKind(word)) return word;
  throw noKind(word, OBJECT_KINDS);
}

function noKind(word: string | undefined, kinds: readonly string[]): CausewayError {
  const said = word === undefined ? 'which kind?' : `there is no kind "${word}"${didYouMean(word, kinds)};`;
  return new CausewayError('CW_USAGE', `${said} a kind is one of ${kinds.join(', ')}`);
}
