import { appFinder } from './app-finder.ts';
import { Lists } from './flow-lists.ts';
import type { PolicyInput } from './policy-input.ts';

/** Of several apps' rules an app has at most so many spans; the rest of them are mixed. It bounds a decision. */
const MAX_SPANS = 32;

/** Rules `from` to `to`, which is excluded, by their new numbers. */
export interface RuleSpan {
  readonly from: number;
  readonly to: number;
}

/** What an image says of an app: its own rules, its list of spans, its set of mixed rules; both from 1, 0 for none. */
export interface AppRules {
  readonly own: RuleSpan;
  readonly spans: number;
  readonly mixed: number;
}

/** The new numbers of a policy's rules: `image-layout.ts` says why. */
export interface RuleOrder {
  /** Per new number the rule's index in the policy. */
  readonly order: readonly number[];
  readonly everyAppRules: number;
  readonly apps: readonly AppRules[];
  readonly spans: Lists<RuleSpan>;
  /** New numbers of the mixed rules, ascending, of each app that has any. */
  readonly mixedSets: readonly (readonly number[])[];
}

interface Group {
  readonly apps: ReadonlySet<number>;
  readonly rules: number[];
}

export function orderRules({ apps, rules }: PolicyInput): RuleOrder {
  const order: number[] = [];
  const own: number[][] = apps.map(() => []);
  const groups = new Map<ReadonlySet<number>, Group>();
  const appsOf = appFinder(apps);
  for (const [index, rule] of rules.entries()) {
    const named = appsOf(rule);
    if (named === null) order.push(index);
    else if (named.size === 1) for (const app of named) own[app]?.push(index);
    else {
      const group = groups.get(named);
      if (group === undefined) groups.set(named, { apps: named, rules: [index] });
      else group.rules.push(index);
    }
  }
  const everyAppRules = order.length;
  const append = (members: readonly number[]): RuleSpan => {
    const from = order.length;
    for (const index of members) order.push(index);
    return { from, to: order.length };
  };
  const ownSpans = own.map(append);

  const spansOf: RuleSpan[][] = apps.map(() => []);
  const mixed: Group[] = [];
  // The largest first: what does not fit should be few rules.
  for (const group of [...groups.values()].sort((a, b) => b.rules.length - a.rules.length)) {
    if ([...group.apps].some((app) => (spansOf[app]?.length ?? 0) >= MAX_SPANS)) mixed.push(group);
    else {
      const span = append(group.rules);
      for (const app of group.apps) spansOf[app]?.push(span);
    }
  }
  const spans = new Lists<RuleSpan>();
  const lists = spansOf.map((list) =>
    list.length === 0 ? 0 : spans.add(list.map(({ from, to }) => `${from}-${to}`).join(), () => list),
  );
  const { numbers, mixedSets } = mixRules(mixed, order, apps.length);
  return {
    order,
    everyAppRules,
    apps: ownSpans.map((span, app) => ({ own: span, spans: lists[app] ?? 0, mixed: numbers[app] ?? 0 })),
    spans,
    mixedSets,
  };
}

/** Appends the groups' rules to `order` in the order of the policy. */
function mixRules(
  groups: readonly Group[],
  order: number[],
  appCount: number,
): { numbers: number[]; mixedSets: number[][] } {
  const rules = groups.flatMap((group) => group.rules.map((index) => ({ index, apps: group.apps })));
  const numbers = Array.from({ length: appCount }, () => 0);
  const mixedSets: number[][] = [];
  for (const { index, apps } of rules.sort((a, b) => a.index - b.index)) {
    for (const app of apps) {
      const number = numbers[app] || (numbers[app] = mixedSets.push([]));
      mixedSets[number - 1]?.push(order.length);
    }
    order.push(index);
  }
  return { numbers, mixedSets };
}
