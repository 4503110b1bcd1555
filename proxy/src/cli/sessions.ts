import { DATA_AND_JSON, dataDir, parse } from './arguments.ts';
import { askPop } from './admin-client.ts';
import { ago, EXIT, say, table } from './output.ts';

export async function sessions(args: string[]): Promise<number> {
  const { values } = parse(args, DATA_AND_JSON);
  const list = await askPop(dataDir(values.data), 'admin.sessions', null);
  if (values.json) say(JSON.stringify(list));
  else if (list.length === 0) say('nobody is signed in');
  else {
    const rows = list.map((s) => [s.id, s.user, s.groups.join(','), ago(s.createdAt), s.hosts.join(' ')]);
    say(table([['SESSION', 'PERSON', 'GROUPS', 'SIGNED IN', 'HOSTS'], ...rows]));
  }
  return EXIT.ok;
}
