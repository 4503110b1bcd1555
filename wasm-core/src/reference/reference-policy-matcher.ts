import type {
  PolicyInput,
  PolicyProbe,
  PolicyProtocol,
  PolicyRuleInput,
  PolicySubject,
} from '../policy/policy-input.ts';

export type ReferenceSession = PolicySubject;

export interface ExplainedRule {
  /** Index of the rule. */
  readonly rule: number;
  readonly matched: boolean;
  /** In plain words: every condition that failed, or that all hold. */
  readonly why: string;
}

type App = PolicyInput['apps'][number];
type Condition = (rule: PolicyRuleInput, subject: PolicySubject, app: App, probe: PolicyProbe) => string | null;

/** `null` where the condition holds or is absent. */
const CONDITIONS: readonly Condition[] = [
  ({ users }, { user }) =>
    users === undefined || users.includes(user) ? null : `the user ${quote(user)} is not among its users`,
  ({ groups }, subject) =>
    groups === undefined || subject.groups.some((group) => groups.includes(group))
      ? null
      : `none of its groups (${list(groups)}) is a group of the user`,
  ({ apps }, _, { name }) =>
    apps === undefined || apps.includes(name) ? null : `the app ${quote(name)} is not among its apps (${list(apps)})`,
  ({ tags }, _, app) =>
    tags === undefined || app.tags.some((tag) => tags.includes(tag))
      ? null
      : `the app ${quote(app.name)} carries none of its tags (${list(tags)})`,
  ({ methods }, { method }) =>
    methods === undefined || methods.includes(method) ? null : `it is not for access by ${method}`,
  ({ ports }, _subject, _app, { protocol, port }) =>
    ports === undefined || ports.some((range) => range.protocol === protocol && range.from <= port && port <= range.to)
      ? null
      : `${protocol} port ${port} is not among its ports (${list(ports.map(({ protocol: p, from, to }) => `${p}/${from}-${to}`))})`,
];

const quote = (text: string): string => JSON.stringify(text);

function list(entries: readonly string[]): string {
  const shown = entries.slice(0, 5).join(', ');
  if (entries.length === 0) return 'none at all';
  return entries.length > 5 ? `${shown} and ${entries.length - 5} more` : shown;
}

/** The policy as its words say it: rule after rule, condition after condition. The oracle, and what `explain` shows. */
export class ReferencePolicyMatcher {
  readonly apps: readonly string[];
  readonly #input: PolicyInput;

  constructor(input: PolicyInput) {
    this.#input = input;
    this.apps = input.apps.map((app) => app.name);
  }

  open(subject: PolicySubject): ReferenceSession {
    return { ...subject };
  }

  /** The index of the first rule that matches, -1 where none does. */
  decide(session: ReferenceSession, app: number, protocol: PolicyProtocol, port: number): number {
    const last = this.explain(session, app, protocol, port).at(-1);
    return last?.matched === true ? last.rule : -1;
  }

  decideAll(session: ReferenceSession, probes: readonly PolicyProbe[]): Int32Array {
    return Int32Array.from(probes, ({ app, protocol, port }) => this.decide(session, app, protocol, port));
  }

  /** Nothing is held. */
  close(_session: ReferenceSession): void {}

  /** Every rule that was tried, in order, up to and including the one that matched. Throws `RangeError` on an unknown app. */
  explain(subject: PolicySubject, app: number, protocol: PolicyProtocol, port: number): ExplainedRule[] {
    const target = this.#input.apps[app];
    if (target === undefined) throw new RangeError(`there is no app ${app}`);
    const tried: ExplainedRule[] = [];
    for (const [index, rule] of this.#input.rules.entries()) {
      const failed = CONDITIONS.flatMap((holds) => holds(rule, subject, target, { app, protocol, port }) ?? []);
      const matched = failed.length === 0;
      tried.push({ rule: index, matched, why: matched ? 'every condition holds' : failed.join('; ') });
      if (matched) break;
    }
    return tried;
  }
}
