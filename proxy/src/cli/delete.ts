import { CausewayError } from '@causeway/contract';
import { ADMIN_OPTIONS, connectAdmin } from './admin-connection.ts';
import { parse } from './arguments.ts';
import { objectKind } from './get.ts';
import { forceText, outcomeText } from './outcome-text.ts';
import { EXIT, say, warn } from './output.ts';

/** One object out of the working set, and out of force unless `--no-publish`. */
export async function deleteObject(args: string[]): Promise<number> {
  const { values, positionals } = parse(args, {
    ...ADMIN_OPTIONS,
    'dry-run': { type: 'boolean', default: false },
    comment: { type: 'string', default: '' },
    'no-publish': { type: 'boolean', default: false },
  });
  const [word, name] = positionals;
  if (name === undefined || positionals.length > 2)
    throw new CausewayError('CW_USAGE', 'delete takes a kind and a name');
  const kind = objectKind(word);
  const client = await connectAdmin(values);
  const answer = await client.call('POST /apply', {
    body: {
      changes: [{ kind, name, op: 'delete' }],
      comment: values.comment,
      dryRun: values['dry-run'],
      publish: !values['no-publish'],
    },
  });
  if (values.json) say(JSON.stringify(answer));
  else {
    say(outcomeText(answer.outcomes));
    for (const text of answer.warnings) warn(text);
    say(forceText({ dryRun: values['dry-run'], snapshot: answer.snapshot }));
  }
  return EXIT.ok;
}
