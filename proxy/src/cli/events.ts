import { DATA_AND_JSON, dataDir, number, parse } from './arguments.ts';
import { askPop } from './admin-client.ts';
import { EXIT, say, table } from './output.ts';

export async function events(args: string[]): Promise<number> {
  const { values } = parse(args, { ...DATA_AND_JSON, limit: { type: 'string', default: '50' } });
  const limit = number('limit', values.limit, 1, 10_000);
  const list = await askPop(dataDir(values.data), 'admin.events', { limit });
  if (values.json) say(JSON.stringify(list));
  else {
    const rows = list.map((event) => [
      new Date(event.at).toISOString(),
      event.kind,
      event.user ?? '-',
      event.app ?? '-',
      event.verdict === null ? '-' : `${event.verdict.action} (${event.verdict.rule ?? 'default'})`,
      [event.verb, event.path].filter((part) => part !== null).join(' ') || '-',
      event.status === null ? '-' : String(event.status),
      event.decision,
    ]);
    say(table([['AT', 'KIND', 'PERSON', 'APP', 'VERDICT', 'WHAT', 'STATUS', 'DECISION'], ...rows]));
  }
  return EXIT.ok;
}
