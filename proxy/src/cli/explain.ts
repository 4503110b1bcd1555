import { CausewayError } from '@causeway/contract';
import { DATA_AND_JSON, dataDir, parse } from './arguments.ts';
import { askPop } from './admin-client.ts';
import { EXIT, say, table } from './output.ts';

export async function explain(args: string[]): Promise<number> {
  const { values, positionals } = parse(args, {
    ...DATA_AND_JSON,
    group: { type: 'string', multiple: true },
    method: { type: 'string', default: 'browser' },
  });
  const [user, target] = positionals;
  if (user === undefined || target === undefined || positionals.length > 2) {
    throw new CausewayError('CW_USAGE', 'explain takes a person and a target, like: explain ada@corp.example intranet');
  }
  const method = values.method;
  if (method !== 'browser' && method !== 'agent') throw new CausewayError('CW_USAGE', '--method is browser or agent');
  const answer = await askPop(dataDir(values.data), 'admin.explain', {
    user,
    target,
    method,
    ...(values.group === undefined ? {} : { groups: values.group }),
  });
  if (values.json) {
    say(JSON.stringify(answer));
    return EXIT.ok;
  }
  const { verdict } = answer;
  say(`${verdict.action.toUpperCase()}: ${user} → ${answer.app ?? target} (configuration ${answer.snapshot})`);
  say(`  ${verdict.why}`);
  if (verdict.notify !== undefined) say(`  the person is told: ${verdict.notify}`);
  if (answer.steps.length > 0) {
    say(`\n${table(answer.steps.map((step) => [step.matched ? '→' : ' ', step.rule, step.why]))}`);
  }
  return EXIT.ok;
}
