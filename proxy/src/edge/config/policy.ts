import type { PolicyRule, Principal, Verdict } from '@causeway/contract';
import { PolicyMatcher, type PolicySession } from '@causeway/wasm-core';

const DEFAULT: Verdict = Object.freeze({
  action: 'block',
  rule: null,
  why: 'no rule matches, and what no rule allows is blocked',
});

/**
 * The compiled real-time policy of one snapshot, in a WASM instance of its own. A verdict depends on the matching rule
 * alone, so there is one object per rule and none per request.
 */
export class Policy {
  readonly #matcher: PolicyMatcher;
  readonly #verdicts: readonly Verdict[];
  readonly #appNumbers: Int32Array;

  /** @param apps names of the snapshot's apps, in its order. Throws a wasm-core error for an image that is not one. */
  constructor(image: Uint8Array, rules: readonly PolicyRule[], apps: readonly string[]) {
    this.#matcher = new PolicyMatcher(image);
    this.#verdicts = rules.map(verdictOf);
    const numbers = new Map(this.#matcher.apps.map((name, number) => [name, number]));
    this.#appNumbers = Int32Array.from(apps, (name) => numbers.get(name) ?? -1);
  }

  /** Once per principal; `close` gives its memory back. */
  open(principal: Principal): PolicySession {
    return this.#matcher.open({ user: principal.user, groups: principal.groups, method: principal.method });
  }

  close(session: PolicySession): void {
    this.#matcher.close(session);
  }

  /** @param app number of the app in the snapshot, or -1 for one that does not exist: the default, by the same steps */
  decide(session: PolicySession, app: number, port: number): Verdict {
    const number = app < 0 ? -1 : (this.#appNumbers[app] ?? -1);
    if (this.#appNumbers.length === 0) return DEFAULT;
    const rule = this.#matcher.decide(session, number < 0 ? 0 : number, 'tcp', port);
    return number < 0 || rule < 0 ? DEFAULT : (this.#verdicts[rule] ?? DEFAULT);
  }
}

function verdictOf(rule: PolicyRule): Verdict {
  const verdict: Verdict = {
    action: rule.action,
    rule: rule.name,
    why: `rule ${rule.name} ${rule.action === 'allow' ? 'allows' : 'blocks'} it`,
    ...(rule.notice === undefined ? {} : { notify: rule.notice }),
  };
  return Object.freeze(verdict);
}
