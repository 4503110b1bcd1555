import { appFinder } from './app-finder.ts';
import { isIPv4, parseDestination, parseSource } from './destination.ts';
import type { AddressRange } from './destination.ts';
import type { PolicyInput, PolicyRuleInput } from './policy-input.ts';
import { weekSpans } from './time-window.ts';

/** Compared at most with this many earlier rules per key, so that time stays linear in the rules. */
const MAX_CANDIDATES = 4096;

export interface ShadowedRule {
  /** Index of the rule that never decides. */
  readonly rule: number;
  /** The first rule found that covers it, or `null` where the rule itself matches nothing (an empty list, an unknown app). */
  readonly by: number | null;
}

/**
 * The rules that can never decide, because one earlier rule matches whatever they match, or because nothing satisfies
 * them; ascending. Sound, not complete: every rule named is dead, but one that only several earlier rules cover together
 * is not found, nor one covered only by the 4097th or later candidate. A rule covers another when each of its conditions
 * is absent or covers the other's: lists by their entries, units by those above them, names by `*.`, addresses, ports
 * and times by their union. Throws `CW_CORE_POLICY` on destinations, sources or times that `compilePolicy` refuses.
 */
export function shadowedRules(input: PolicyInput): ShadowedRule[] {
  const appsOf = appFinder(input.apps);
  const shadowed: ShadowedRule[] = [];
  const earlier = new Candidates();
  const facts: RuleFacts[] = [];
  for (const [index, rule] of input.rules.entries()) {
    const fact = new RuleFacts(rule, appsOf(rule.apps, rule.tags), input.apps.length);
    facts.push(fact);
    if (fact.matchesNothing) {
      shadowed.push({ rule: index, by: null });
      continue;
    }
    const by = earlier.of(fact).find((candidate) => facts[candidate]?.covers(fact) === true);
    if (by === undefined) earlier.add(fact, index);
    // What covers this rule covers whatever this one would, so it need not be a candidate itself.
    else shadowed.push({ rule: index, by });
  }
  return shadowed;
}

const EVERYONE = '*';

/** Earlier rules by one entry of the first condition that they have, of users, groups and apps. */
class Candidates {
  readonly #byKey = new Map<string, number[]>();

  add(fact: RuleFacts, rule: number): void {
    for (const key of fact.keys()) {
      const rules = this.#byKey.get(key);
      if (rules === undefined) this.#byKey.set(key, [rule]);
      else if (rules.length < MAX_CANDIDATES) rules.push(rule);
    }
  }

  /** Ascending. What covers a rule has, of each condition it has, every entry of the rule's; so looking for one does. */
  of(fact: RuleFacts): number[] {
    return fact
      .probes()
      .flatMap((key) => this.#byKey.get(key) ?? [])
      .sort((a, b) => a - b);
  }
}

/** A rule's conditions in the form in which one is compared with another. */
class RuleFacts {
  readonly #rule: PolicyRuleInput;
  readonly #apps: ReadonlySet<number> | null;
  readonly #names: readonly (ReadonlySet<string> | null)[];
  readonly #spans: readonly (readonly Span[] | null)[];
  readonly #below: ReadonlySet<string>;
  readonly matchesNothing: boolean;

  constructor(rule: PolicyRuleInput, apps: ReadonlySet<number> | null, appCount: number) {
    this.#rule = rule;
    this.#apps = apps?.size === appCount && appCount > 0 ? null : apps;
    const destinations = rule.destinations?.map(parseDestination);
    const hosts = destinations?.flatMap((entry) => (entry.kind === 'name' ? [entry.name] : []));
    this.#below = new Set(destinations?.flatMap((entry) => (entry.kind === 'below' ? [entry.suffix] : [])));
    this.#names = [
      rule.users,
      rule.groups,
      rule.methods,
      rule.posture,
      rule.os,
      rule.networks,
      rule.activities,
      hosts,
    ].map((names) => (names === undefined ? null : new Set<string>(names)));
    const times = rule.times === undefined ? null : weekSpans(rule.times);
    const ranges = destinations?.flatMap((entry) => (entry.kind === 'range' ? [entry.range] : []));
    this.#spans = [
      rule.ports === undefined ? null : merge(rule.ports.map(portSpan)),
      rule.sources === undefined ? null : merge(rule.sources.map(parseSource).map(addressSpan)),
      ranges === undefined ? null : merge(ranges.map(addressSpan)),
      times?.map(({ from, to }) => ({ from: BigInt(from), to: BigInt(to) })) ?? null,
    ];
    this.matchesNothing =
      this.#apps?.size === 0 ||
      times?.length === 0 ||
      [rule.users, rule.groups, rule.ous, rule.methods, rule.posture, rule.os, rule.networks].some(isEmpty) ||
      [rule.activities, rule.destinations, rule.ports, rule.sources].some(isEmpty);
  }

  /** Under which this is found as a candidate. */
  keys(): string[] {
    const { users, groups } = this.#rule;
    if (users !== undefined) return [...new Set(users)].map((user) => `u${user}`);
    if (groups !== undefined) return [...new Set(groups)].map((group) => `g${group}`);
    return this.#apps === null ? [EVERYONE] : [...this.#apps].map((app) => `a${app}`);
  }

  /** Under which the candidates that might cover this are. */
  probes(): string[] {
    const { users, groups } = this.#rule;
    const [app] = this.#apps ?? [];
    const first = [users?.map((user) => `u${user}`)[0], groups?.map((group) => `g${group}`)[0]];
    return [...first, app === undefined ? undefined : `a${app}`, EVERYONE].filter((key) => key !== undefined);
  }

  /** Whether this matches whatever `other` does. */
  covers(other: RuleFacts): boolean {
    return (
      coversSet(this.#apps, other.#apps) &&
      this.#names.every((names, i) => i === HOSTS || coversSet(names, other.#names[i] ?? null)) &&
      this.#spans.every((spans, i) => coversSpans(spans, other.#spans[i] ?? null)) &&
      coversUnits(this.#rule.ous, other.#rule.ous) &&
      this.#coversHosts(other)
    );
  }

  #coversHosts(other: RuleFacts): boolean {
    const hosts = this.#names[HOSTS];
    if (hosts === null || hosts === undefined) return true;
    const wanted = other.#names[HOSTS];
    if (wanted === null || wanted === undefined) return false;
    const isBelow = (name: string): boolean => suffixesOf(name).some((suffix) => this.#below.has(suffix));
    return (
      [...wanted].every((name) => hosts.has(name) || isBelow(name)) &&
      [...other.#below].every((suffix) => this.#below.has(suffix) || isBelow(suffix))
    );
  }
}

/** Index of the names of destinations in `#names`, which are covered by more than themselves. */
const HOSTS = 7;

interface Span {
  readonly from: bigint;
  /** Excluded. */
  readonly to: bigint;
}

const isEmpty = (list: readonly unknown[] | undefined): boolean => list?.length === 0;

function suffixesOf(name: string): string[] {
  const labels = name.split('.');
  return labels.slice(1).map((_, i) => labels.slice(i + 1).join('.'));
}

/** `udp` lies behind `tcp`. */
function portSpan({ protocol, from, to }: NonNullable<PolicyRuleInput['ports']>[number]): Span {
  const shift = protocol === 'tcp' ? 0n : 1n << 17n;
  return { from: shift + BigInt(from), to: shift + BigInt(to) + 1n };
}

/** IPv4 lies behind all of IPv6, in which it leaves a hole that belongs to no address. */
function addressSpan({ from, to }: AddressRange): Span {
  const shift = isIPv4(from) ? 1n << 129n : 0n;
  return { from: shift + from, to: shift + to + 1n };
}

function merge(spans: readonly Span[]): Span[] {
  const merged: { from: bigint; to: bigint }[] = [];
  for (const { from, to } of spans.toSorted((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0))) {
    const last = merged.at(-1);
    if (last === undefined || from > last.to) merged.push({ from, to });
    else if (to > last.to) last.to = to;
  }
  return merged;
}

function coversSet<T>(mine: ReadonlySet<T> | null, other: ReadonlySet<T> | null): boolean {
  return mine === null || (other !== null && [...other].every((entry) => mine.has(entry)));
}

function coversSpans(mine: readonly Span[] | null, other: readonly Span[] | null): boolean {
  if (mine === null) return true;
  return other?.every(({ from, to }) => mine.some((span) => span.from <= from && to <= span.to)) ?? false;
}

function coversUnits(mine: readonly string[] | undefined, other: readonly string[] | undefined): boolean {
  if (mine === undefined) return true;
  return other?.every((unit) => mine.some((above) => unit === above || unit.startsWith(`${above}/`))) ?? false;
}
