import { CausewayError, isObjectKind, OBJECT_KINDS, type ObjectKind } from '@causeway/contract';
import { stringify } from 'yaml';
import { didYouMean } from '../config/closest.ts';
import { ADMIN_OPTIONS, connectAdmin } from './admin-connection.ts';
import { parse } from './arguments.ts';
import { ago, EXIT, printable, say, table } from './output.ts';
import { wholeList } from './whole-list.ts';

/** A kind's objects in the working set, or one of them as `apply` reads it. */
export async function get(args: string[]): Promise<number> {
  const { values, positionals } = parse(args, ADMIN_OPTIONS);
  const [word, name] = positionals;
  if (positionals.length > 2) throw new CausewayError('CW_USAGE', 'get takes a kind and perhaps a name');
  const kind = objectKind(word);
  const client = await connectAdmin(values);
  if (name !== undefined) {
    const object = await client.call(`GET /${kind}/{name}` as 'GET /tags/{name}', { params: { name } });
    const { name: _same, ...spec } = object.body;
    say(values.json ? JSON.stringify(object) : stringify({ kind, name: object.name, spec }));
    return EXIT.ok;
  }
  const objects = await wholeList(client.all(`GET /${kind}` as 'GET /tags', { query: { limit: 500 } }));
  if (values.json) say(JSON.stringify(objects));
  else if (objects.length === 0) say(`no ${kind}`);
  else {
    const rows = objects.map((object) => [
      object.name,
      String(object.revision),
      object.managedBy,
      ago(object.updatedAt),
      printable(object.updatedBy),
    ]);
    say(table([['NAME', 'REVISION', 'MANAGED BY', 'CHANGED', 'BY'], ...rows]));
  }
  return EXIT.ok;
}

/** @throws CausewayError `CW_USAGE` */
export function objectKind(word: string | undefined): ObjectKind {
  if (isObjectKind(word)) return word;
  const known = `a kind is one of ${OBJECT_KINDS.join(', ')}`;
  throw new CausewayError('CW_USAGE', word === undefined ? known : `${known}${didYouMean(word, OBJECT_KINDS)}`);
}
