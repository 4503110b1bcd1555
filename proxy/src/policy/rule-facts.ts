import { type PolicyRule, type PrivateApp, type Protocol, type TimeWindow } from '@causeway/contract';
import { portEdges } from './port-segments.ts';

/** What a rule means once the image says that it decides. */
export type RuleVerdict = Pick<PolicyRule, 'name' | 'action' | 'notice'>;

/**
 * What is needed of the rules beside the image that was compiled from them. A hundred thousand rules as objects take
 * longer to read than a request may wait; these are read where they lie.
 */
export interface RuleFacts {
  readonly count: number;
  /** By the image's number of a rule. */
  verdict(rule: number): RuleVerdict | undefined;
  /** The distinct times of the week that rules name. */
  readonly times: readonly (readonly TimeWindow[])[];
  readonly asksForSource: boolean;
  /** Of rules that have one of their own, by name: how long it goes on while nobody can say whether it holds, in ms. */
  readonly graces: ReadonlyMap<string, number>;
  /** By app, in the order of the snapshot: 1 where a rule for it asks where the flow goes. */
  readonly asksForDestination: Uint8Array;
  /** The ports at which the answer of some rule may change, ascending. */
  readonly portEdges: Readonly<Record<Protocol, ArrayLike<number>>>;
  /** The distinct destinations that rules name. */
  readonly destinations: Iterable<string>;
}

type TaggedApp = Pick<PrivateApp, 'name' | 'tags'>;

/** @param apps in the order of the snapshot */
export function factsOf(apps: readonly TaggedApp[], rules: readonly PolicyRule[]): RuleFacts {
  return {
    count: rules.length,
    verdict: (rule) => rules[rule],
    times: distinctTimes(rules),
    asksForSource: rules.some(({ sources }) => sources !== undefined),
    graces: new Map(
      rules.flatMap(({ name, graceMinutes }) => (graceMinutes === undefined ? [] : [[name, graceMinutes * 60_000]])),
    ),
    asksForDestination: askingForDestination(apps, rules),
    portEdges: portEdges(rules),
    destinations: new Set(rules.flatMap(({ destinations }) => destinations ?? [])),
  };
}

function distinctTimes(rules: readonly PolicyRule[]): TimeWindow[][] {
  return [
    ...new Map(rules.flatMap(({ times }) => (times === undefined ? [] : [[JSON.stringify(times), times]]))).values(),
  ];
}

function askingForDestination(apps: readonly TaggedApp[], rules: readonly PolicyRule[]): Uint8Array {
  const asking = rules.filter(({ destinations }) => destinations !== undefined);
  const everyApp = asking.some(({ apps: names, tags }) => names === undefined && tags === undefined);
  const byName = new Set(asking.flatMap((rule) => rule.apps ?? []));
  const byTag = new Set(asking.flatMap((rule) => rule.tags ?? []));
  return Uint8Array.from(apps, ({ name, tags }) =>
    everyApp || byName.has(name) || tags.some((tag) => byTag.has(tag)) ? 1 : 0,
  );
}
