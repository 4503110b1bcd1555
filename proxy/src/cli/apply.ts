import { CausewayError } from '@causeway/contract';
import { ADMIN_OPTIONS, connectAdmin } from './admin-connection.ts';
import { parse } from './arguments.ts';
import { applyObjects } from './declared-changes.ts';
import { objectsIn } from './object-files.ts';
import { forceText, outcomeText } from './outcome-text.ts';
import { EXIT, say, warn } from './output.ts';

/** Objects from files into the working set, and into force unless `--no-publish`. */
export async function apply(args: string[]): Promise<number> {
  const { values, positionals } = parse(args, {
    ...ADMIN_OPTIONS,
    file: { type: 'string', short: 'f', multiple: true },
    'dry-run': { type: 'boolean', default: false },
    comment: { type: 'string', default: '' },
    'no-publish': { type: 'boolean', default: false },
  });
  if (values.file === undefined || positionals.length > 0) {
    throw new CausewayError('CW_USAGE', 'apply takes -f with a file or a folder of objects');
  }
  const objects = await objectsIn(values.file);
  const client = await connectAdmin(values);
  const dryRun = values['dry-run'];
  const publish = !values['no-publish'];
  const answer = await applyObjects(client, objects, { comment: values.comment, dryRun, publish });
  if (values.json) {
    say(JSON.stringify(answer));
    return EXIT.ok;
  }
  const specs = new Map(objects.map(({ kind, name, spec }) => [`${kind}/${name}`, spec]));
  say(outcomeText(answer.outcomes, (kind, name) => specs.get(`${kind}/${name}`) ?? {}));
  for (const text of answer.warnings) warn(text);
  say(forceText({ dryRun, snapshot: answer.snapshot }));
  return EXIT.ok;
}
