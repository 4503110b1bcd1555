import { canonicalName, parseRange } from '../policy/destination.ts';
import { POLICY_CONDITIONS } from '../policy/policy-input.ts';
import type {
  PolicyFlow,
  PolicyInput,
  PolicyProbe,
  PolicyProtocol,
  PolicyReason,
  PolicySubject,
} from '../policy/policy-input.ts';
import { CONDITIONS } from './policy-conditions.ts';

export type ReferenceSession = PolicySubject;

export interface ExplainedRule {
  /** Index of the rule. */
  readonly rule: number;
  readonly matched: boolean;
  /** In plain words: every condition that failed, or that all hold. */
  readonly why: string;
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
  decide(
    session: ReferenceSession,
    app: number,
    protocol: PolicyProtocol,
    port: number,
    flow: PolicyFlow = {},
  ): number {
    const target = this.#appOf(app, flow);
    const probe: PolicyProbe = { ...flow, app, protocol, port };
    return this.#input.rules.findIndex((rule) => CONDITIONS.every(({ holds }) => holds(rule, session, target, probe)));
  }

  decideAll(session: ReferenceSession, probes: readonly PolicyProbe[]): Int32Array {
    return Int32Array.from(probes, (probe) => this.decide(session, probe.app, probe.protocol, probe.port, probe));
  }

  /** The deciding rule of `decide` with the conditions that it has, all of which held; none for -1. */
  reason(rule: number): PolicyReason {
    const decided = this.#input.rules[rule];
    if (rule !== -1 && decided === undefined) throw new RangeError(`there is no rule ${rule}`);
    return { rule, conditions: POLICY_CONDITIONS.filter((condition) => decided?.[condition] !== undefined) };
  }

  /** Nothing is held. */
  close(_session: ReferenceSession): void {}

  /**
   * Every rule that was tried, in order, up to and including the one that matched. Throws `RangeError` on an unknown
   * app, or a destination that is none.
   */
  explain(
    subject: PolicySubject,
    app: number,
    protocol: PolicyProtocol,
    port: number,
    flow: PolicyFlow = {},
  ): ExplainedRule[] {
    const target = this.#appOf(app, flow);
    const probe: PolicyProbe = { ...flow, app, protocol, port };
    const tried: ExplainedRule[] = [];
    for (const [index, rule] of this.#input.rules.entries()) {
      const failed = CONDITIONS.filter(({ holds }) => !holds(rule, subject, target, probe));
      const matched = failed.length === 0;
      const why = failed.map((condition) => condition.why(rule, subject, target, probe)).join('; ');
      tried.push({ rule: index, matched, why: matched ? 'every condition holds' : why });
      if (matched) break;
    }
    return tried;
  }

  #appOf(app: number, { destination }: PolicyFlow): PolicyInput['apps'][number] {
    const target = this.#input.apps[app];
    if (target === undefined) throw new RangeError(`there is no app ${app}`);
    if (typeof destination === 'string' && canonicalName(destination) === null) {
      if (/[/-]/.test(destination) || parseRange(destination) === null) {
        throw new RangeError(`not a destination: ${JSON.stringify(destination.slice(0, 60))}`);
      }
    }
    return target;
  }
}
