import type { AdminAnswer } from '../admin-client/admin-client.ts';

type Outcome = AdminAnswer<'POST /apply'>['outcomes'][number];

const SIGNS = { created: '+', updated: '~', moved: '>', deleted: '-', unchanged: '=' } as const;

/**
 * What happens to each object, with every difference on a line below it; what stays as it is is only counted.
 *
 * @param specOf what was written down of an object, shown where it is new
 */
export function outcomeText(
  outcomes: readonly Pick<Outcome, 'kind' | 'name' | 'outcome' | 'diff'>[],
  specOf: (kind: string, name: string) => Readonly<Record<string, unknown>> = () => ({}),
): string {
  const lines: string[] = [];
  const counts = new Map<string, number>();
  for (const { kind, name, outcome, diff } of outcomes) {
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    if (outcome === 'unchanged') continue;
    lines.push(`${SIGNS[outcome]} ${kind}/${name}`);
    const fresh = outcome === 'created' ? Object.entries(specOf(kind, name)) : [];
    for (const [field, value] of fresh) if (field !== 'name') lines.push(`    ${field}: ${JSON.stringify(value)}`);
    for (const difference of diff) lines.push(`    ${differenceText(difference)}`);
  }
  const sums = Object.keys(SIGNS).flatMap((word) => (counts.has(word) ? [`${counts.get(word)} ${word}`] : []));
  return [...lines, sums.length === 0 ? 'nothing differs' : sums.join(', ')].join('\n');
}

/** Whether what was asked for is in force now. */
export function forceText({ dryRun, snapshot }: { dryRun: boolean; snapshot: number | null }): string {
  if (dryRun) return 'nothing was changed: a dry run';
  if (snapshot === null) return 'not in force: `causeway publish` puts the working set into force';
  return `configuration ${snapshot} is in force`;
}

function differenceText({ path, before, after }: Outcome['diff'][number]): string {
  if (before === undefined) return `${path}: + ${JSON.stringify(after)}`;
  if (after === undefined) return `${path}: - ${JSON.stringify(before)}`;
  return `${path}: ${JSON.stringify(before)} → ${JSON.stringify(after)}`;
}
