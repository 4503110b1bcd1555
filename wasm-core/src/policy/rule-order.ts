import { Lists } from './flow-lists.ts';

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
  readonly order: Uint32Array;
  /** Per index in the policy the new number. */
  readonly numbers: Uint32Array;
  readonly everyAppRules: number;
  readonly apps: readonly AppRules[];
  readonly spans: Lists<RuleSpan>;
  /** New numbers of the mixed rules, ascending, of each app that has any. */
  readonly mixedSets: readonly (readonly number[])[];
}

const NO_RULES: RuleSpan = { from: 0, to: 0 };

interface Group {
  readonly apps: ReadonlySet<number>;
  readonly rules: number[];
}

/** @param targets per rule the apps that it is for, `null` for every one; the same object for the same apps */
export function orderRules(targets: readonly (ReadonlySet<number> | null)[], appCount: number): RuleOrder {
  const order: number[] = [];
  const groups = new Map<ReadonlySet<number>, Group>();
  for (const [index, apps] of targets.entries()) {
    const group = apps === null ? undefined : groups.get(apps);
    if (apps === null) order.push(index);
    else if (group === undefined) groups.set(apps, { apps, rules: [index] });
    else group.rules.push(index);
  }
  const everyAppRules = order.length;
  const append = (members: readonly number[]): RuleSpan => {
    const from = order.length;
    for (const index of members) order.push(index);
    return { from, to: order.length };
  };

  const own = new Map<number, RuleSpan>();
  const several: Group[] = [];
  for (const group of groups.values()) {
    const [app] = group.apps;
    if (group.apps.size === 1 && app !== undefined && !own.has(app)) own.set(app, append(group.rules));
    else several.push(group);
  }
  const spansOf = Array.from({ length: appCount }, (): RuleSpan[] => []);
  const mixed: Group[] = [];
  // The largest first: what does not fit should be few rules.
  for (const group of several.sort((a, b) => b.rules.length - a.rules.length)) {
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
  const mixing = mixRules(mixed, order, appCount);
  const newNumbers = new Uint32Array(targets.length);
  for (const [number, index] of order.entries()) newNumbers[index] = number;
  return {
    order: Uint32Array.from(order),
    numbers: newNumbers,
    everyAppRules,
    apps: lists.map((list, app) => ({ own: own.get(app) ?? NO_RULES, spans: list, mixed: mixing.setOf[app] ?? 0 })),
    spans,
    mixedSets: mixing.sets,
  };
}

/** Appends the groups' rules to `order`, in the order of the policy. */
function mixRules(
  groups: readonly Group[],
  order: number[],
  appCount: number,
): { setOf: Uint32Array; sets: number[][] } {
  const rules = groups.flatMap((group) => group.rules.map((index) => ({ index, apps: group.apps })));
  const setOf = new Uint32Array(appCount);
  const sets: number[][] = [];
  for (const { index, apps } of rules.sort((a, b) => a.index - b.index)) {
    for (const app of apps) {
      if (setOf[app] === 0) setOf[app] = sets.push([]);
      sets[(setOf[app] ?? 0) - 1]?.push(order.length);
    }
    order.push(index);
  }
  return { setOf, sets };
}
