import { addressNumber, CausewayError } from '@causeway/contract';
import type { Explanation } from '../rpc/messages.ts';
import { DATA_AND_JSON, dataDir, instant, parse } from './arguments.ts';
import { askPop } from './admin-client.ts';
import { EXIT, say, table } from './output.ts';

export async function explain(args: string[]): Promise<number> {
  const { values, positionals } = parse(args, {
    ...DATA_AND_JSON,
    group: { type: 'string', multiple: true },
    ou: { type: 'string' },
    method: { type: 'string', default: 'browser' },
    from: { type: 'string' },
    at: { type: 'string' },
  });
  const [user, target] = positionals;
  if (user === undefined || target === undefined || positionals.length > 2) {
    throw new CausewayError('CW_USAGE', 'explain takes a person and a target, like: explain ada@corp.example intranet');
  }
  const { method, from, at, group, ou } = values;
  if (method !== 'browser' && method !== 'agent') throw new CausewayError('CW_USAGE', '--method is browser or agent');
  if (from !== undefined && addressNumber(from) === null) {
    throw new CausewayError('CW_USAGE', `--from is the client's IP address, not "${from}"`);
  }
  const answer = await askPop(dataDir(values.data), 'admin.explain', {
    user,
    target,
    method,
    at: at === undefined ? Date.now() : instant('at', at),
    ...(from === undefined ? {} : { from }),
    ...(group === undefined ? {} : { groups: group }),
    ...(ou === undefined ? {} : { ou }),
  });
  say(values.json ? JSON.stringify(answer) : explanationText(answer, target));
  return EXIT.ok;
}

export function explanationText(answer: Explanation, target: string): string {
  const { verdict, asked, app, destination, snapshot } = answer;
  const lines = [
    `${verdict.action.toUpperCase()}: ${asked.user} → ${app ?? target} (configuration ${snapshot})`,
    `  ${verdict.why}`,
  ];
  if (verdict.notify !== undefined) lines.push(`  the person is told: ${verdict.notify}`);
  if (destination !== null) lines.push(`  decided by: ${facts(asked, destination)}`);
  if (answer.steps.length > 0) {
    lines.push('', table(answer.steps.map((step) => [step.matched ? '→' : ' ', step.rule, step.why])));
  }
  const shadowed = answer.shadowed ?? [];
  if (shadowed.length > 0) lines.push('');
  for (const { rule, by } of shadowed) {
    lines.push(`${rule} never decides: ${by === null ? 'no app is what it asks for' : `${by} comes before it`}`);
  }
  return lines.join('\n');
}

function facts({ groups, ou, method, from, at, timeZone }: Explanation['asked'], destination: string): string {
  const time = new Date(at).toLocaleString('en-GB', {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
  });
  return [
    groups.length === 0 ? 'no groups' : `groups ${groups.join(', ')}`,
    ...(ou === null ? [] : [`unit ${ou}`]),
    `by ${method}`,
    ...(from === null ? [] : [`from ${from}`]),
    `to ${destination}`,
    `${time} ${timeZone}`,
  ].join('; ');
}
