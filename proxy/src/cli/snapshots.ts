import { CausewayError } from '@causeway/contract';
import { ADMIN_OPTIONS, connectAdmin } from './admin-connection.ts';
import { number, parse } from './arguments.ts';
import { forceText, outcomeText } from './outcome-text.ts';
import { EXIT, printable, say, table, warn } from './output.ts';
import { wholeList } from './whole-list.ts';

/** Published configurations, newest first. */
export async function snapshots(args: string[]): Promise<number> {
  const { values, positionals } = parse(args, ADMIN_OPTIONS);
  if (positionals.length > 0) throw new CausewayError('CW_USAGE', 'snapshots takes no words');
  const client = await connectAdmin(values);
  const list = await wholeList(client.all('GET /snapshots', { query: { limit: 500 } }));
  if (values.json) say(JSON.stringify(list));
  else {
    const rows = list.map((snapshot) => [
      String(snapshot.number),
      new Date(snapshot.publishedAt).toISOString(),
      printable(snapshot.publishedBy),
      String(snapshot.objects),
      printable(snapshot.comment),
    ]);
    say(table([['NUMBER', 'PUBLISHED', 'BY', 'OBJECTS', 'COMMENT'], ...rows]));
  }
  return EXIT.ok;
}

/** The working set into force. */
export async function publish(args: string[]): Promise<number> {
  const { values, positionals } = parse(args, { ...ADMIN_OPTIONS, comment: { type: 'string', default: '' } });
  if (positionals.length > 0) throw new CausewayError('CW_USAGE', 'publish takes no words');
  const client = await connectAdmin(values);
  const made = await client.call('POST /snapshots', { body: { comment: values.comment } });
  if (values.json) say(JSON.stringify(made));
  else {
    for (const text of made.warnings) warn(text);
    say(forceText({ dryRun: false, snapshot: made.number }));
  }
  return EXIT.ok;
}

export const RESTORE_SNAPSHOT_OPTIONS = {
  ...ADMIN_OPTIONS,
  comment: { type: 'string', default: '' },
  'no-publish': { type: 'boolean', default: false },
} as const;

/** `restore NUMBER`: what the API manages back to what it was in an earlier configuration, and into force unless `--no-publish`. */
export async function restoreSnapshot(args: string[]): Promise<number> {
  const { values, positionals } = parse(args, RESTORE_SNAPSHOT_OPTIONS);
  const [word] = positionals;
  if (word === undefined || positionals.length > 1) {
    throw new CausewayError('CW_USAGE', 'restore takes the number of a configuration; see causeway snapshots');
  }
  const wanted = number('NUMBER', word, 1, 2_147_483_647);
  const client = await connectAdmin(values);
  const answer = await client.call('POST /snapshots/{number}/restore', {
    params: { number: wanted },
    body: { comment: values.comment, publish: !values['no-publish'] },
  });
  if (values.json) {
    say(JSON.stringify(answer));
    return EXIT.ok;
  }
  say(outcomeText(answer.outcomes));
  for (const { kind, name } of answer.skipped) warn(`${kind}/${name} stays: the configuration file manages it`);
  for (const text of answer.published?.warnings ?? []) warn(text);
  say(forceText({ dryRun: false, snapshot: answer.published?.number ?? null }));
  return EXIT.ok;
}
