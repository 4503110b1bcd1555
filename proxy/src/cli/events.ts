import { CausewayError } from '@causeway/contract';
import type { RpcChannel } from '../rpc/channel.ts';
import type { AdminCalls, EventPage, EventQuery, StoredEvent, TailCalls } from '../rpc/messages.ts';
import { ADMIN_OPTIONS, adminClientAt, remoteAdmin, type RemoteAdmin } from './admin-connection.ts';
import { connectPop } from './admin-client.ts';
import { dataDir, instant, number, parse } from './arguments.ts';
import { EVENT_HEAD, eventCells } from './event-lines.ts';
import { followLocally } from './follow-events.ts';
import { followRemotely } from './follow-remotely.ts';
import { EXIT, say, table } from './output.ts';

const PAGE = 500;
const ANSWER_MS = 10_000;

/** Fields of events that are text, each an option. */
const TEXTS = ['user', 'app', 'rule', 'decision', 'device', 'session', 'address', 'action', 'text'] as const;
const KINDS = ['request', 'flow', 'cut', 'alert', 'incident', 'audit'] as const;

export async function events(args: string[]): Promise<number> {
  const { values } = parse(args, {
    ...ADMIN_OPTIONS,
    limit: { type: 'string', default: '50' },
    follow: { type: 'boolean', default: false },
    kind: { type: 'string' },
    status: { type: 'string' },
    user: { type: 'string' },
    app: { type: 'string' },
    rule: { type: 'string' },
    decision: { type: 'string' },
    device: { type: 'string' },
    session: { type: 'string' },
    address: { type: 'string' },
    action: { type: 'string' },
    text: { type: 'string' },
    since: { type: 'string' },
    until: { type: 'string' },
  });
  const { since, until, kind, status, json } = values;
  const limit = number('limit', values.limit, 1, 10_000);
  const query: EventQuery = {
    ...Object.fromEntries(TEXTS.flatMap((name) => (values[name] === undefined ? [] : [[name, values[name]]]))),
    ...(kind === undefined ? {} : { kind: kindOf(kind) }),
    ...(status === undefined ? {} : { status: number('status', status, 0, 999) }),
    ...(since === undefined ? {} : { since: instant('since', since) }),
    ...(until === undefined ? {} : { until: instant('until', until) }),
  };
  const remote = await remoteAdmin(values);
  const folder = dataDir(values.data);
  const search = (): Promise<StoredEvent[]> =>
    remote === null ? newestHere(folder, query, limit) : newestThere(remote, query, limit);
  if (values.follow) {
    const before = async (): Promise<StoredEvent[]> => (since === undefined ? [] : (await search()).toReversed());
    if (remote === null) await followLocally(folder, query, before, json);
    else await followRemotely(remote, new URLSearchParams(wordsOf(query)), before, json);
    return EXIT.ok;
  }
  const list = await search();
  if (json) say(JSON.stringify(list));
  else say(table([EVENT_HEAD, ...list.map(eventCells)]));
  return EXIT.ok;
}

function kindOf(text: string): (typeof KINDS)[number] {
  const kind = KINDS.find((one) => one === text);
  if (kind === undefined) throw new CausewayError('CW_USAGE', `--kind is one of ${KINDS.join(', ')}`);
  return kind;
}

/** The query in the words of the admin API. */
function wordsOf(query: EventQuery): Record<string, string> {
  const names: Readonly<Record<string, string>> = { since: 'from', until: 'to', text: 'q' };
  const words = Object.entries(query) as [string, string | number][];
  return Object.fromEntries(words.map(([name, value]) => [names[name] ?? `filter[${name}]`, String(value)]));
}

async function newestHere(folder: string, query: EventQuery, limit: number): Promise<StoredEvent[]> {
  const channel: RpcChannel<AdminCalls, TailCalls> = await connectPop(folder, {}, () => undefined);
  try {
    return await newest(limit, (page) => channel.call('admin.events', { query, ...page }, ANSWER_MS));
  } finally {
    channel.destroy();
  }
}

function newestThere(remote: RemoteAdmin, query: EventQuery, limit: number): Promise<StoredEvent[]> {
  const client = adminClientAt(remote);
  return newest(limit, (page) => client.call('GET /events', { query: { ...wordsOf(query), ...page } }));
}

/** Pages until there are enough or there is no more; a page that looked at its share and found little goes on. */
async function newest(
  limit: number,
  pageOf: (page: { limit: number; cursor?: string }) => Promise<EventPageLike>,
): Promise<StoredEvent[]> {
  const found: StoredEvent[] = [];
  let cursor: string | null = null;
  do {
    const page: EventPageLike = await pageOf({
      limit: Math.min(PAGE, limit - found.length),
      ...(cursor === null ? {} : { cursor }),
    });
    // The API's own answer, whose schema is an event's.
    found.push(...(page.items as StoredEvent[]));
    cursor = page.next;
  } while (cursor !== null && found.length < limit);
  return found;
}

type EventPageLike = Pick<EventPage, 'next'> & { readonly items: readonly object[] };
