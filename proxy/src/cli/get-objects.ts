import type { ObjectKind } from '@causeway/contract';
import type { AdminClient } from '../admin-client/admin-client.ts';
import type { GetQuery } from './get-query.ts';
import { ago, printable, say, table } from './output.ts';
import { PUBLISHER_HEAD, publisherCells } from './publisher-cells.ts';
import { someOf } from './whole-list.ts';
import { yamlText } from './yaml-text.ts';

/** Every kind's object looks like this; what is in its body its schema says. */
interface GivenObject {
  readonly name: string;
  readonly revision: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly managedBy: string;
  readonly updatedAt: number;
  readonly updatedBy: string;
}

const MAX_WHAT = 70;

/** A kind's objects in the working set, or one of them as `apply` reads it. */
export async function getObjects(
  client: AdminClient,
  kind: ObjectKind,
  name: string | undefined,
  { query, limit, as }: GetQuery,
): Promise<void> {
  if (name !== undefined) {
    const object = await client.call(`GET /${kind}/{name}` as 'GET /tags/{name}', { params: { name } });
    say(as === 'json' ? JSON.stringify(object) : await yamlText(documentOf(kind, object)));
    return;
  }
  const asked = client.all(`GET /${kind}` as 'GET /tags', { query: { limit: 500, ...query } });
  const objects: readonly GivenObject[] = await someOf(asked, limit);
  if (as === 'json') say(JSON.stringify(objects));
  else if (as === 'yaml') {
    const documents = objects.map((object) => yamlText(documentOf(kind, object)));
    say((await Promise.all(documents)).join('---\n'));
  } else if (objects.length === 0) say(`no ${kind}`);
  else {
    const doing = kind === 'publishers' ? await publisherCells(client) : () => [];
    const rows = objects.map((object) => [
      object.name,
      ...doing(object.name).map(printable),
      String(object.revision),
      object.managedBy,
      ago(object.updatedAt),
      printable(object.updatedBy),
      summary(kind, object.body),
    ]);
    const head = kind === 'publishers' ? PUBLISHER_HEAD : [];
    say(table([['NAME', ...head, 'REVISION', 'MANAGED BY', 'CHANGED', 'BY', 'WHAT'], ...rows]));
  }
}

function documentOf(kind: ObjectKind, { name, body }: Pick<GivenObject, 'name' | 'body'>): object {
  const { name: _same, ...spec } = body;
  return { kind, name, spec };
}

/** What tells objects of a kind apart at a glance. */
function summary(kind: ObjectKind, body: GivenObject['body']): string {
  const { name: _name, description, action, notice: _notice, ...rest } = body;
  const text = kind === 'rules' ? `${words(action)} ${conditions(rest)}` : words(description) || appText(body);
  return text.length > MAX_WHAT ? `${text.slice(0, MAX_WHAT - 1)}…` : text;
}

function conditions(rest: Readonly<Record<string, unknown>>): string {
  const all = Object.entries(rest).flatMap(([field, value]) =>
    Array.isArray(value) && value.length > 0 ? [`${field}: ${words(value)}`] : [],
  );
  return all.length === 0 ? 'everything' : all.join('; ');
}

function appText({ clientless, hosts }: GivenObject['body']): string {
  const urls = (clientless as { readonly urls?: unknown } | undefined)?.urls;
  return words(urls ?? hosts);
}

function words(value: unknown): string {
  if (Array.isArray(value)) return value.map(words).join(', ');
  if (value === undefined || value === null) return '';
  return printable(typeof value === 'string' ? value : JSON.stringify(value));
}
