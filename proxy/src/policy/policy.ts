import { addressNumber, type PrivateApp, type Protocol, type Verdict } from '@causeway/contract';
import { PolicyMatcher, type PolicySession } from '@causeway/wasm-core';
import { OpenWindows } from './open-windows.ts';
import { policySubject, type PolicyPrincipal } from './policy-input.ts';
import type { RuleFacts } from './rule-facts.ts';
import type { Steps } from './steps.ts';
import { ZoneClock } from './zone-clock.ts';

const DEFAULT: Verdict = Object.freeze({
  action: 'block',
  rule: null,
  why: 'no rule matches, and what no rule allows is blocked',
});

/** A block of addresses must not be passed by having none. */
const NO_ADDRESS: Verdict = Object.freeze({
  action: 'block',
  rule: null,
  why: 'rules ask for the client’s address, and it is unknown',
});

/** A principal in one policy; `null` where its address is unknown and rules ask for it: nothing is allowed then. */
export type OpenedSession = PolicySession | null;

/** What a published configuration says of it. */
export interface PolicySource {
  /** Of `compilePolicy`, from these apps and the rules of the facts. */
  readonly image: Uint8Array;
  readonly facts: RuleFacts;
  readonly apps: readonly Pick<PrivateApp, 'name'>[];
  /** IANA name of the zone in which rules' times are meant. */
  readonly timeZone: string;
}

/** Where a flow goes, as the device or the app's upstream says it: a canonical name or an address. TCP alone is served. */
export interface Target {
  readonly host: string | Uint8Array;
  readonly port: number;
}

/** What is asked of where there is no app, so that it takes the same steps. */
const NOWHERE: Target = { host: 'nowhere.invalid', port: 443 };

/**
 * The compiled real-time policy of one snapshot, in a WASM instance of its own. Edges decide by it, control shows it. A
 * verdict depends on the matching rule alone, so there is one object per rule and none per request.
 */
export class Policy {
  readonly #matcher: PolicyMatcher;
  readonly #facts: RuleFacts;
  readonly #verdicts = new Map<number, Verdict>();
  readonly #appNumbers: Int32Array;
  /** By the image's number of an app: whether a rule for it asks where the flow goes. Finding that out costs most. */
  readonly #asksForDestination: Uint8Array;
  readonly #clock: ZoneClock;
  readonly #windows: OpenWindows | null;
  /** Whether the client's address matters, so that a principal has to be opened for each. */
  readonly asksForSource: boolean;

  /** @param now milliseconds since 1970. Throws a wasm-core error for an image that is not one. */
  constructor(source: PolicySource, now: number, matcher = new PolicyMatcher(source.image)) {
    const { facts, apps, timeZone } = source;
    this.#matcher = matcher;
    this.#facts = facts;
    const numbers = new Map(this.#matcher.apps.map((name, number) => [name, number]));
    this.#appNumbers = Int32Array.from(apps, ({ name }) => numbers.get(name) ?? -1);
    this.#asksForDestination = new Uint8Array(numbers.size);
    for (const [app, number] of this.#appNumbers.entries()) {
      if (number >= 0) this.#asksForDestination[number] = facts.asksForDestination[app] ?? 1;
    }
    this.#clock = new ZoneClock(timeZone);
    this.#windows = facts.times.length > 0 ? new OpenWindows(facts.times, this.#clock, now) : null;
    this.asksForSource = facts.asksForSource;
  }

  /** The same in two steps, of which the image is the longer. */
  static *building(source: PolicySource, now: number): Steps<Policy> {
    const matcher = new PolicyMatcher(source.image);
    yield;
    return new Policy(source, now, matcher);
  }

  /** Whether a verdict may become another by the passing of time. */
  get hasTimes(): boolean {
    return this.#windows !== null;
  }

  /** Whether times of the week began or ended since this was last asked, or since the policy was made. */
  timesChanged(now: number): boolean {
    return this.#windows?.changed(now) === true;
  }

  /** Once per principal and address; `close` gives its memory back. */
  open(principal: PolicyPrincipal, address: string): OpenedSession {
    if (!this.asksForSource) return this.#matcher.open(policySubject(principal, null));
    const [source = ''] = address.split('%'); // the zone of a link-local address (RFC 4007 §11) is no part of it
    return addressNumber(source) === null ? null : this.#matcher.open(policySubject(principal, source));
  }

  close(session: OpenedSession): void {
    if (session !== null) this.#matcher.close(session);
  }

  /**
   * @param app number of the app in the snapshot, or -1 for one that does not exist: the default, by the same steps
   * @param target `null` where there is no app
   * @param now milliseconds since 1970
   */
  decide(session: OpenedSession, app: number, target: Target | null, now: number, protocol: Protocol = 'tcp'): Verdict {
    if (this.#appNumbers.length === 0) return DEFAULT;
    if (session === null) return NO_ADDRESS;
    const number = app < 0 || target === null ? -1 : (this.#appNumbers[app] ?? -1);
    const { host, port } = number < 0 || target === null ? NOWHERE : target;
    const known = number < 0 ? 0 : number;
    const utcOffset = this.#clock.offset(now);
    const flow = this.#asksForDestination[known] === 0 ? { now, utcOffset } : { destination: host, now, utcOffset };
    const rule = this.#matcher.decide(session, known, protocol, port, flow);
    return number < 0 || rule < 0 ? DEFAULT : this.#verdictOf(rule);
  }

  #verdictOf(number: number): Verdict {
    const known = this.#verdicts.get(number);
    if (known !== undefined) return known;
    const rule = this.#facts.verdict(number);
    if (rule === undefined) return DEFAULT;
    const does = `rule ${rule.name} ${rule.action === 'allow' ? 'allows' : 'blocks'} it`;
    const { conditions } = this.#matcher.reason(number);
    const verdict: Verdict = Object.freeze({
      action: rule.action,
      rule: rule.name,
      why: conditions.length === 0 ? `${does}, as everything` : `${does} by ${conditions.join(', ')}`,
      ...(rule.notice === undefined ? {} : { notify: rule.notice }),
    });
    this.#verdicts.set(number, verdict);
    return verdict;
  }
}
