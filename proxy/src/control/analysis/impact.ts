import {
  CausewayError,
  parseHostPattern,
  parsePortRange,
  type AccessMethod,
  type PolicyRule,
  type PortRange,
  type PrivateApp,
  type Protocol,
} from '@causeway/contract';
import { compilePolicy } from '@causeway/wasm-core';
import { DestinationPoints } from '../../policy/destination-points.ts';
import { policyInput } from '../../policy/policy-input.ts';
import { Policy, type OpenedSession, type Target } from '../../policy/policy.ts';
import { portEdges, portSegments, portText } from '../../policy/port-segments.ts';
import { factsOf } from '../../policy/rule-facts.ts';
import { atOnce } from '../../policy/steps.ts';
import type { Decision, ImpactArguments, ImpactChange, ImpactPage } from './model.ts';
import { principalClasses, type PrincipalClass } from './principal-classes.ts';

/** What decides: a snapshot or a draft. */
export interface PolicyState {
  readonly apps: readonly PrivateApp[];
  readonly rules: readonly PolicyRule[];
}

/** Decisions that one page may take; a few hundred milliseconds. */
const MAX_DECISIONS = 400_000;
const MAX_PRINCIPALS = 10_000;
const MAX_LIMIT = 500;
const NAMED_USERS = 10;
const METHODS: readonly AccessMethod[] = ['browser', 'agent'];

/**
 * Who gains and who loses when `after` takes the place of `before`: for each kind of people and each app the hosts and ports
 * where the two decide otherwise. Work is bounded by the page: one may end before it is full.
 *
 * @throws CausewayError `CW_INPUT_INVALID` on a limit, cursor or number of principals that does not exist
 */
export function impact(
  before: PolicyState,
  after: PolicyState,
  args: ImpactArguments & { readonly timeZone: string },
): ImpactPage {
  const { principals, limit, timeZone, from = '', at = Date.now() } = args;
  if (principals.length > MAX_PRINCIPALS) refuse('principals', `at most ${MAX_PRINCIPALS}`);
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) refuse('limit', `from 1 to ${MAX_LIMIT}`);
  const rules = [...before.rules, ...after.rules];
  const classes = principalClasses(principals, rules);
  const decider = (state: PolicyState): Decider => new Decider(state, timeZone, from, at);
  const [old, fresh] = [decider(before), decider(after)];
  const apps = appTargets(before, after, rules);
  const items: ImpactChange[] = [];
  let decisions = 0;
  let { index, app: firstApp } = readCursor(args.cursor);
  for (; index < classes.length; index++, firstApp = 0) {
    const people = classes[index];
    if (people === undefined) break;
    old.open(people);
    fresh.open(people);
    for (let app = firstApp; app < apps.length; app++) {
      const target = apps[app];
      if (target === undefined) break;
      if (items.length >= limit || decisions >= MAX_DECISIONS) {
        return { items, next: `${index}.${app}`, classes: classes.length };
      }
      const points = target.hosts.reduce((sum, host) => sum + host.points.length, 0);
      decisions += points * target.ports.length * METHODS.length * 2;
      items.push(...METHODS.flatMap((method) => changesOf(people, target, method, old, fresh)));
    }
  }
  return { items, next: null, classes: classes.length };
}

interface AppTargets {
  readonly name: string;
  /** Within each no rule tells one port from another. */
  readonly ports: readonly PortRange[];
  /** Within the names of each no rule tells one place from another but those points. */
  readonly hosts: readonly { readonly names: readonly string[]; readonly points: readonly Target['host'][] }[];
}

/** Asked for where no rule asks for hosts. */
const ANY_HOST = 'any.invalid';

/** The apps of either state, each cut where a rule of either begins or ends. */
function appTargets(before: PolicyState, after: PolicyState, rules: readonly PolicyRule[]): AppTargets[] {
  const known = new Map<string, { ports: Set<string>; hosts: Set<string> }>();
  for (const app of [...before.apps, ...after.apps]) {
    const own = known.get(app.name) ?? { ports: new Set(), hosts: new Set() };
    for (const port of app.ports) own.ports.add(port);
    for (const host of app.hosts) own.hosts.add(host);
    const upstream = app.clientless?.upstream;
    if (upstream !== undefined) {
      own.ports.add(`tcp/${upstream.port}`);
      own.hosts.add(upstream.host);
    }
    known.set(app.name, own);
  }
  const segments = portSegments(portEdges(rules));
  const points = atOnce(DestinationPoints.building(new Set(rules.flatMap(({ destinations }) => destinations ?? []))));
  return [...known].map(([name, { ports, hosts }]) => ({
    name,
    ports: segments([...ports].map(parsePortRange)),
    hosts: points.none
      ? [{ names: [...hosts], points: [ANY_HOST] }]
      : [...hosts].map((host) => ({ names: [host], points: pointsOf(host, points) })),
  }));
}

function pointsOf(host: string, points: DestinationPoints): Target['host'][] {
  const pattern = parseHostPattern(host);
  return pattern === null ? [] : points.of(pattern); // the schema refused it before
}

/** One state's answers to one kind of people at a time. */
class Decider {
  readonly #policy: Policy;
  readonly #numbers: ReadonlyMap<string, number>;
  readonly #from: string;
  readonly #at: number;
  #sessions = new Map<AccessMethod, OpenedSession>();

  constructor({ apps, rules }: PolicyState, timeZone: string, from: string, at: number) {
    this.#policy = new Policy(
      { image: compilePolicy(policyInput(apps, rules)), facts: factsOf(apps, rules), apps, timeZone },
      at,
    );
    this.#numbers = new Map(apps.map(({ name }, number) => [name, number]));
    this.#from = from;
    this.#at = at;
  }

  open({ sketch }: PrincipalClass): void {
    for (const session of this.#sessions.values()) this.#policy.close(session);
    this.#sessions = new Map(METHODS.map((method) => [method, this.#policy.open({ ...sketch, method }, this.#from)]));
  }

  decide(app: string, method: AccessMethod, protocol: Protocol, target: Target): Decision {
    const session = this.#sessions.get(method) ?? null;
    const { action, rule, notify } = this.#policy.decide(
      session,
      this.#numbers.get(app) ?? -1,
      target,
      this.#at,
      protocol,
    );
    return { action, rule, notice: notify !== undefined };
  }
}

interface Change {
  readonly hosts: readonly string[];
  readonly ports: readonly string[];
  readonly effect: ImpactChange['effect'];
  readonly before: Decision;
  readonly after: Decision;
}

function changesOf(
  people: PrincipalClass,
  app: AppTargets,
  method: AccessMethod,
  old: Decider,
  fresh: Decider,
): ImpactChange[] {
  const { users } = people;
  const who = { people: users.length, users: users.slice(0, NAMED_USERS), app: app.name, method };
  const changes = new Map<string, Change>();
  for (const { names, points } of app.hosts) {
    for (const change of points.flatMap((host) => changesAt(host, app, method, old, fresh))) {
      const key = JSON.stringify([change.before.rule, change.after.rule, change.ports]);
      const hosts = new Set([...(changes.get(key)?.hosts ?? []), ...names]);
      changes.set(key, { ...change, hosts: [...hosts] });
    }
  }
  return [...changes.values()].map((change) => ({ ...who, ...change }));
}

function changesAt(
  host: Target['host'],
  app: AppTargets,
  method: AccessMethod,
  old: Decider,
  fresh: Decider,
): Omit<Change, 'hosts'>[] {
  const changes: (Omit<Change, 'hosts'> & { readonly ports: string[] })[] = [];
  for (const range of app.ports) {
    const target = { host, port: range.from };
    const before = old.decide(app.name, method, range.protocol, target);
    const after = fresh.decide(app.name, method, range.protocol, target);
    const effect = effectOf(before, after);
    if (effect === null) continue;
    const same = changes.find((one) => one.before.rule === before.rule && one.after.rule === after.rule);
    if (same !== undefined) same.ports.push(portText(range));
    else changes.push({ ports: [portText(range)], effect, before, after });
  }
  return changes;
}

/** `null` where the person sees no difference; by which rule it comes is none. */
function effectOf(before: Decision, after: Decision): ImpactChange['effect'] | null {
  if (before.action !== after.action) return after.action === 'allow' ? 'gains' : 'loses';
  return before.action === 'block' && before.notice !== after.notice ? 'told otherwise' : null;
}

function readCursor(cursor: string | undefined): { index: number; app: number } {
  if (cursor === undefined) return { index: 0, app: 0 };
  const match = /^(\d{1,9})\.(\d{1,9})$/.exec(cursor);
  if (match === null) return refuse('cursor', 'not one of ours');
  return { index: Number(match[1]), app: Number(match[2]) };
}

function refuse(path: string, message: string): never {
  throw new CausewayError('CW_INPUT_INVALID', `${path}: ${message}`, { problems: [{ path, message }] });
}
