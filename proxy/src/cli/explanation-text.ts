import type { Explanation } from '../rpc/messages.ts';
import { printable, table } from './output.ts';

/** What was decided, by what, which rules were tried and why each did not match, and what would change it. */
export function explanationText(answer: Explanation, target: string): string {
  const { verdict, byRules, refused, asked, app, destination, snapshot } = answer;
  const lines = [
    `${verdict.action.toUpperCase()}: ${asked.user} → ${app ?? target} (configuration ${snapshot})`,
    `  ${verdict.why}`,
  ];
  if (refused !== null) lines.push(`  the rules alone: ${byRules.action.toUpperCase()}, ${byRules.why}`);
  if (byRules.notify !== undefined) lines.push(`  the person is told: ${byRules.notify}`);
  if (destination !== null) lines.push(`  decided by: ${facts(answer, destination)}`);
  if (answer.steps.length > 0) {
    lines.push('', table(answer.steps.map((step) => [step.matched ? '→' : ' ', step.rule, step.why])));
  }
  const shadowed = answer.shadowed ?? [];
  if (shadowed.length > 0) lines.push('');
  for (const { rule, by } of shadowed) {
    lines.push(`${rule} never decides: ${by === null ? 'no app is what it asks for' : `${by} comes before it`}`);
  }
  if (answer.changes.length > 0) {
    lines.push('', 'what would change it:', ...answer.changes.map((change) => `  - ${change}`));
  }
  return lines
    .flatMap((line) => line.split('\n'))
    .map(printable)
    .join('\n');
}

function facts({ asked, groupsFrom, device, posture }: Explanation, destination: string): string {
  const { groups, ou, method, from, at, timeZone } = asked;
  const time = new Date(at).toLocaleString('en-GB', {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
  });
  const source = { given: 'as given', directory: 'of the directory', nobody: 'nobody is known by this name' };
  return [
    `${groups.length === 0 ? 'no groups' : `groups ${groups.join(', ')}`} (${source[groupsFrom]})`,
    ...(ou === null ? [] : [`unit ${ou}`]),
    ...(device === null
      ? []
      : [`device ${device.name} (${device.id}, ${device.os || 'unknown system'}, ${device.state})`]),
    ...(posture.length === 0 ? [] : [`posture ${posture.join(', ')} (no rule can ask for it yet)`]),
    `by ${method}`,
    ...(from === null ? [] : [`from ${from}`]),
    `to ${destination}`,
    `${time} ${timeZone}`,
  ].join('; ');
}
