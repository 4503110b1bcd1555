import { CausewayError } from '@causeway/contract';
import { ADMIN_OPTIONS, connectAdmin } from './admin-connection.ts';
import { parse } from './arguments.ts';
import { applyObjects } from './declared-changes.ts';
import { objectsIn } from './object-files.ts';
import { outcomeText } from './outcome-text.ts';
import { EXIT, say } from './output.ts';
import { wholeList } from './whole-list.ts';

/** What files would change in the working set; without files, what the working set would change of what is in force. */
export async function diff(args: string[]): Promise<number> {
  const { values, positionals } = parse(args, {
    ...ADMIN_OPTIONS,
    file: { type: 'string', short: 'f', multiple: true },
  });
  if (positionals.length > 0) throw new CausewayError('CW_USAGE', 'diff takes -f with a file or a folder, or nothing');
  if (values.file === undefined) {
    const client = await connectAdmin(values);
    const { inForce } = await client.call('GET /snapshot-state', {});
    const pages = client.all('GET /snapshot-diff', { query: { before: inForce, limit: PAGE } });
    const differences = await wholeList(pages);
    say(values.json ? JSON.stringify(differences) : outcomeText(differences));
    return EXIT.ok;
  }
  const objects = await objectsIn(values.file);
  const client = await connectAdmin(values);
  const { outcomes } = await applyObjects(client, objects, { dryRun: true });
  const specs = new Map(objects.map(({ kind, name, spec }) => [`${kind}/${name}`, spec]));
  if (values.json) say(JSON.stringify(outcomes.filter(({ outcome }) => outcome !== 'unchanged')));
  else say(outcomeText(outcomes, (kind, name) => specs.get(`${kind}/${name}`) ?? {}));
  return EXIT.ok;
}

const PAGE = 500;
