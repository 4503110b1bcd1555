import { CoreError } from '../errors.ts';
import { parseAddress } from '../lpm/address.ts';
import { ACTIVITY_BITS, compilePolicy } from '../policy/compile-policy.ts';
import { canonicalName, parseRange } from '../policy/destination.ts';
import type {
  PolicyFlow,
  PolicyInput,
  PolicyProbe,
  PolicyProtocol,
  PolicyReason,
  PolicySubject,
} from '../policy/policy-input.ts';
import { zoneTime } from '../policy/time-window.ts';
import { ReferencePolicyMatcher } from './reference-policy-matcher.ts';
import type { ReferenceSession } from './reference-policy-matcher.ts';

const MAX_DEPTH = 64;
const MAX_PORT = 65_535;
const words = new Uint32Array(4);

const refuse = (why: string): CoreError => new CoreError('CW_CORE_ARGUMENT', why);

/**
 * `PolicyMatcher` where WebAssembly does not run: the reference behind the same checks and the same errors. Every rule
 * is looked at, so a decision takes time in proportion to their number.
 */
export class PlainPolicy {
  readonly apps: readonly string[];
  readonly #matcher: ReferencePolicyMatcher;
  readonly #asksForUnits: boolean;
  readonly #open = new Set<ReferenceSession>();

  /** Throws `CW_CORE_POLICY`. */
  constructor(input: PolicyInput) {
    compilePolicy(input);
    this.#matcher = new ReferencePolicyMatcher(input);
    this.#asksForUnits = input.rules.some(({ ous }) => ous !== undefined);
    this.apps = Object.freeze([...this.#matcher.apps]);
  }

  open(subject: PolicySubject): ReferenceSession {
    const { method, ou = '', source } = subject;
    if (method !== 'browser' && method !== 'agent') throw refuse('unknown method');
    if (this.#asksForUnits && ou.split('/').length > MAX_DEPTH) {
      throw refuse(`an organisational unit is at most ${MAX_DEPTH} deep`);
    }
    if (source !== undefined && !parseAddress(source, words)) {
      throw new CoreError('CW_CORE_ADDRESS', `not an IP address: ${JSON.stringify(source.slice(0, 60))}`);
    }
    const session = this.#matcher.open(subject);
    this.#open.add(session);
    return session;
  }

  decide(
    session: ReferenceSession,
    app: number,
    protocol: PolicyProtocol,
    port: number,
    flow: PolicyFlow = {},
  ): number {
    if (!this.#open.has(session)) throw new CoreError('CW_CORE_SESSION');
    this.#check(app, protocol, port, flow);
    return this.#matcher.decide(session, app, protocol, port, flow);
  }

  decideAll(session: ReferenceSession, probes: readonly PolicyProbe[]): Int32Array {
    if (!this.#open.has(session)) throw new CoreError('CW_CORE_SESSION');
    return Int32Array.from(probes, (probe) => this.decide(session, probe.app, probe.protocol, probe.port, probe));
  }

  reason(rule: number): PolicyReason {
    try {
      return this.#matcher.reason(rule);
    } catch (error) {
      throw new CoreError('CW_CORE_ARGUMENT', `there is no rule ${rule}`, { cause: error });
    }
  }

  close(session: ReferenceSession): void {
    this.#open.delete(session);
  }

  #check(app: number, protocol: PolicyProtocol, port: number, flow: PolicyFlow): void {
    if (!Number.isInteger(app) || app < 0 || app >= this.apps.length) throw refuse(`there is no app ${app}`);
    if (protocol !== 'tcp' && protocol !== 'udp') throw refuse('unknown protocol');
    if (!Number.isInteger(port) || port < 0 || port > MAX_PORT) throw refuse(`there is no port ${port}`);
    const { activity, destination, now, utcOffset } = flow;
    if (activity !== undefined && !Object.hasOwn(ACTIVITY_BITS, activity)) throw refuse('unknown activity');
    if (now !== undefined) zoneTime(now, utcOffset);
    if (destination !== undefined && !isDestination(destination)) throw refuse('not a destination');
  }
}

/** A name, one address as text, or one as bytes. */
function isDestination(destination: string | Uint8Array): boolean {
  if (typeof destination !== 'string') return destination.length === 4 || destination.length === 16;
  if (canonicalName(destination) !== null) return true;
  return !/[/-]/.test(destination) && parseRange(destination) !== null;
}
