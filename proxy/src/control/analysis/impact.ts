import { CausewayError, parsePortRange, type AccessMethod, type PolicyRule, type PrivateApp } from '@causeway/contract';
import { compilePolicy, PolicyMatcher, type PolicySession } from '@causeway/wasm-core';
import { portSegments, portText } from '../../policy/port-segments.ts';
import { policyInput } from '../snapshot/compile.ts';
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
const DEFAULT: Decision = { action: 'block', rule: null, notice: false };

/**
 * Who gains and who loses when `after` takes the place of `before`: for each kind of people and each app the ports where
 * the two decide otherwise. Work is bounded by the page: one may end before it is full.
 *
 * @throws CausewayError `CW_INPUT_INVALID` on a limit, cursor or number of principals that does not exist
 */
export function impact(before: PolicyState, after: PolicyState, args: ImpactArguments): ImpactPage {
  const { principals, limit } = args;
  if (principals.length > MAX_PRINCIPALS) refuse('principals', `at most ${MAX_PRINCIPALS}`);
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) refuse('limit', `from 1 to ${MAX_LIMIT}`);
  const rules = [...before.rules, ...after.rules];
  const classes = principalClasses(principals, rules);
  const [old, fresh] = [new Decider(before), new Decider(after)];
  const apps = appPorts(before, after, rules);
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
      decisions += target.ports.length * METHODS.length * 2;
      items.push(...METHODS.flatMap((method) => changesOf(people, target, method, old, fresh)));
    }
  }
  return { items, next: null, classes: classes.length };
}

interface AppPorts {
  readonly name: string;
  /** Within each no rule tells one port from another. */
  readonly ports: readonly ReturnType<typeof parsePortRange>[];
}

/** The apps of either state, each cut where a rule of either begins or ends. */
function appPorts(before: PolicyState, after: PolicyState, rules: readonly PolicyRule[]): AppPorts[] {
  const ports = new Map<string, Set<string>>();
  for (const app of [...before.apps, ...after.apps]) {
    const own = ports.get(app.name) ?? new Set();
    for (const port of app.ports) own.add(port);
    const upstream = app.clientless?.upstream.port;
    if (upstream !== undefined) own.add(`tcp/${upstream}`);
    ports.set(app.name, own);
  }
  const segments = portSegments(rules);
  return [...ports].map(([name, own]) => ({ name, ports: segments([...own].map(parsePortRange)) }));
}

/** One state's answers to one kind of people at a time. */
class Decider {
  readonly #matcher: PolicyMatcher;
  readonly #rules: readonly PolicyRule[];
  readonly #numbers: ReadonlyMap<string, number>;
  #sessions: Partial<Record<AccessMethod, PolicySession>> = {};

  constructor({ apps, rules }: PolicyState) {
    this.#matcher = new PolicyMatcher(compilePolicy(policyInput(apps, rules)));
    this.#rules = rules;
    this.#numbers = new Map(this.#matcher.apps.map((name, number) => [name, number]));
  }

  open({ sketch }: PrincipalClass): void {
    for (const session of Object.values(this.#sessions)) this.#matcher.close(session);
    this.#sessions = Object.fromEntries(METHODS.map((method) => [method, this.#matcher.open({ ...sketch, method })]));
  }

  decide(app: string, method: AccessMethod, protocol: 'tcp' | 'udp', port: number): Decision {
    const number = this.#numbers.get(app);
    const session = this.#sessions[method];
    if (number === undefined || session === undefined) return DEFAULT;
    const rule = this.#rules[this.#matcher.decide(session, number, protocol, port)];
    if (rule === undefined) return DEFAULT;
    return { action: rule.action, rule: rule.name, notice: rule.notice !== undefined || rule.template !== undefined };
  }
}

function changesOf(
  people: PrincipalClass,
  app: AppPorts,
  method: AccessMethod,
  old: Decider,
  fresh: Decider,
): ImpactChange[] {
  const changes: { ports: string[]; effect: ImpactChange['effect']; before: Decision; after: Decision }[] = [];
  for (const range of app.ports) {
    const before = old.decide(app.name, method, range.protocol, range.from);
    const after = fresh.decide(app.name, method, range.protocol, range.from);
    const effect = effectOf(before, after);
    if (effect === null) continue;
    const same = changes.find((one) => one.before.rule === before.rule && one.after.rule === after.rule);
    if (same !== undefined) same.ports.push(portText(range));
    else changes.push({ ports: [portText(range)], effect, before, after });
  }
  const { users } = people;
  const who = { people: users.length, users: users.slice(0, NAMED_USERS), app: app.name, method };
  return changes.map((change) => ({ ...who, ...change }));
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
