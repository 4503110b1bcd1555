import { once } from 'node:events';
import { CausewayError } from '@causeway/contract';
import type { AdminCalls, EventPage, EventQuery, EventRecord, TailCalls } from '../rpc/messages.ts';
import type { RpcChannel } from '../rpc/channel.ts';
import { connectPop } from './admin-client.ts';
import { DATA_AND_JSON, dataDir, instant, number, parse } from './arguments.ts';
import { EXIT, say, table, terminalText } from './output.ts';
import { untilSignal } from './signals.ts';

const PAGE = 500;
const ANSWER_MS = 10_000;

export async function events(args: string[]): Promise<number> {
  const { values } = parse(args, {
    ...DATA_AND_JSON,
    limit: { type: 'string', default: '50' },
    follow: { type: 'boolean', default: false },
    user: { type: 'string' },
    app: { type: 'string' },
    rule: { type: 'string' },
    decision: { type: 'string' },
    since: { type: 'string' },
    text: { type: 'string' },
  });
  const limit = number('limit', values.limit, 1, 10_000);
  const { user, app, rule, decision, since, text, json } = values;
  const query: EventQuery = {
    ...(user === undefined ? {} : { user }),
    ...(app === undefined ? {} : { app }),
    ...(rule === undefined ? {} : { rule }),
    ...(decision === undefined ? {} : { decision }),
    ...(since === undefined ? {} : { since: instant('since', since) }),
    ...(text === undefined ? {} : { text }),
  };
  const folder = dataDir(values.data);
  if (values.follow) return follow(folder, query, limit, json);

  const channel = await connectPop(folder, {}, () => undefined);
  try {
    const list = await newest(channel, query, limit);
    if (json) say(JSON.stringify(list));
    else say(table([HEAD, ...list.map(cells)]));
  } finally {
    channel.destroy();
  }
  return EXIT.ok;
}

/** Pages until there are enough or there is no more; a page that looked at its share and found little goes on. */
async function newest(
  channel: RpcChannel<AdminCalls, TailCalls>,
  query: EventQuery,
  limit: number,
): Promise<EventRecord[]> {
  const found: EventRecord[] = [];
  let cursor: string | null = null;
  do {
    const page: EventPage = await channel.call(
      'admin.events',
      { query, limit: Math.min(PAGE, limit - found.length), ...(cursor === null ? {} : { cursor }) },
      ANSWER_MS,
    );
    found.push(...page.items);
    cursor = page.next;
  } while (cursor !== null && found.length < limit);
  return found;
}

/** What comes from now on, and with `--since` what was, oldest first; until a signal, or until the PoP is gone. */
async function follow(folder: string, query: EventQuery, limit: number, json: boolean): Promise<number> {
  const { promise: gone, resolve: lost } = Promise.withResolvers<void>();
  const { promise: ready, resolve: begin } = Promise.withResolvers<void>();
  const shown = new Set<string>();
  const channel = await connectPop(
    folder,
    {
      'tail.events': async ({ events: list, dropped }) => {
        await ready;
        if (dropped > 0) process.stderr.write(`causeway: ${dropped} events came too fast to be shown\n`);
        for (const event of list) if (!shown.has(JSON.stringify(event))) await show(event, json);
        return null;
      },
    },
    lost,
  );
  try {
    await channel.call('admin.tail', { query }, ANSWER_MS);
    const before = query.since === undefined ? [] : await newest(channel, query, limit);
    for (const event of before.toReversed()) {
      shown.add(JSON.stringify(event));
      await show(event, json);
    }
    begin();
    const ended = await Promise.race([untilSignal(), gone]);
    if (ended === undefined) throw new CausewayError('CW_RPC_CLOSED', 'the PoP has ended the connection');
  } finally {
    channel.destroy();
  }
  return EXIT.ok;
}

async function show(event: EventRecord, json: boolean): Promise<void> {
  const line = json ? JSON.stringify(event) : cells(event).join('  ');
  const shown = process.stdout.isTTY ? terminalText(line) : line;
  if (!process.stdout.write(`${shown}\n`)) await once(process.stdout, 'drain');
}

const HEAD = ['AT', 'KIND', 'PERSON', 'APP', 'VERDICT', 'WHAT', 'STATUS', 'DECISION'];

function cells(event: EventRecord): string[] {
  return [
    new Date(event.at).toISOString(),
    event.kind,
    event.user ?? '-',
    event.app ?? '-',
    event.verdict === null ? '-' : `${event.verdict.action} (${event.verdict.rule ?? 'default'})`,
    [event.verb, event.path].filter((part) => part !== null).join(' ') || '-',
    event.status === null ? '-' : String(event.status),
    event.decision,
  ];
}
