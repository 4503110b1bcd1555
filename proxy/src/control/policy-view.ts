import {
  addressNumber,
  canonicalName,
  parseHostPattern,
  parsePortRange,
  type AccessMethod,
  type PrivateApp,
  type Verdict,
} from '@causeway/contract';
import type { ShadowedRule } from '@causeway/wasm-core';
import type { ExplainedRule } from '@causeway/wasm-core/reference';
import { AppIndex } from '../policy/app-index.ts';
import { SteeredApps } from '../policy/assigned-apps.ts';
import { toldTo } from '../policy/notice-words.ts';
import { policySubject, type PolicyPrincipal } from '../policy/policy-input.ts';
import { Policy, type Target } from '../policy/policy.ts';
import type { Steps } from '../policy/steps.ts';
import { ZoneClock } from '../policy/zone-clock.ts';
import type { ExplainQuestion, PolicyExplanation } from '../rpc/messages.ts';
import type { Snapshot } from './snapshot/held-snapshot.ts';
import type { TriedArguments, TriedRules } from './snapshot/job.ts';

/** What an app looks like to one person: by browser, by device, or not at all. */
export interface AllowedApp {
  readonly app: PrivateApp;
  readonly browser: boolean;
  readonly agent: boolean;
}

/** What of a snapshot decides. */
export interface DecidingSnapshot extends Pick<Snapshot, 'number' | 'apps' | 'facts' | 'timeZone'> {
  /** wasm-core policy image. */
  readonly image: Uint8Array;
  /** The rules as they are written: whoever has them says which were tried, and what is next to the verdict. */
  tried(args: TriedArguments): Promise<TriedRules>;
}

/** Control's own look at the published policy: for the portal's list and for `explain`. The edges decide. */
export class PolicyView {
  readonly #snapshot: DecidingSnapshot;
  readonly #policy: Policy;
  readonly #index: AppIndex;
  readonly #steered: SteeredApps;
  readonly #clock: ZoneClock;
  /** Rules that can never decide; `null` as long as that is not known. */
  shadowed: readonly ShadowedRule[] | null = null;

  private constructor(snapshot: DecidingSnapshot, policy: Policy, index: AppIndex, steered: SteeredApps) {
    this.#snapshot = snapshot;
    this.#policy = policy;
    this.#index = index;
    this.#steered = steered;
    this.#clock = new ZoneClock(snapshot.timeZone);
  }

  /** @param now milliseconds since 1970. Throws a wasm-core error when the image is none */
  static *building(snapshot: DecidingSnapshot, now: number): Steps<PolicyView> {
    const index = yield* AppIndex.building(snapshot.apps);
    const steered = yield* SteeredApps.building(snapshot.apps, snapshot.facts);
    yield;
    return new PolicyView(snapshot, yield* Policy.building(snapshot, now), index, steered);
  }

  /**
   * What this person may open now from this address, by whichever method; an app that no rule gives them is not in it.
   *
   * @param now milliseconds since 1970
   */
  allowedApps(principal: Omit<PolicyPrincipal, 'method'>, address: string, now: number): AllowedApp[] {
    const { apps } = this.#snapshot;
    const byBrowser = this.#opened({ ...principal, method: 'browser' }, address, (allows) =>
      apps.filter((app, number) => allows(number, app.clientless?.upstream ?? null, now)).map(({ name }) => name),
    );
    const byAgent = this.#opened({ ...principal, method: 'agent' }, address, (allows) =>
      this.#steered
        .of((app, target, protocol) => protocol === 'tcp' && allows(app, target, now))
        .map(({ name }) => name),
    );
    const [browser, agent] = [new Set(byBrowser), new Set(byAgent)];
    return apps
      .map((app) => ({ app, browser: browser.has(app.name), agent: agent.has(app.name) }))
      .filter((one) => one.browser || one.agent);
  }

  #opened<T>(
    principal: PolicyPrincipal,
    address: string,
    use: (allows: (app: number, target: Target | null, now: number) => boolean) => T,
  ): T {
    const session = this.#policy.open(principal, address);
    try {
      return use((app, target, now) => this.#policy.decide(session, app, target, now).action === 'allow');
    } finally {
      this.#policy.close(session);
    }
  }

  /**
   * Which rules were tried for this person and target, in order, and why each matched or not. The verdict is that of
   * the image which the edges decide by.
   *
   * @param who without groups or unit, those are none
   */
  async explain(who: Omit<PolicyPrincipal, 'method'>, question: ExplainQuestion): Promise<PolicyExplanation> {
    const { number: snapshot, timeZone } = this.#snapshot;
    const { target: wanted, method, from = null, at } = question;
    const found = this.#find(wanted, method);
    const { user, groups, ou } = who;
    const asked = { user, groups, ou: ou ?? null, method, from, at, timeZone };
    if (found === null) {
      const verdict: Verdict = { action: 'block', rule: null, why: `no app answers for ${wanted.slice(0, 300)}` };
      const changes = [`an app with that name, URL or host; there are ${this.#snapshot.apps.length}`];
      return { app: null, destination: null, verdict, steps: [], shadowed: [], changes, snapshot, asked };
    }
    const { app, target } = found;
    const principal = { ...who, method };
    const session = this.#policy.open(principal, from ?? '');
    const decided = this.#policy.decide(session, app, target, at);
    this.#policy.close(session);
    const name = this.#snapshot.apps[app]?.name ?? null;
    const told = toldTo(decided, who, name);
    const verdict = session === null ? { ...told, why: `${told.why}: say it with --from` } : told;
    const { tried, changes } = session === null ? NOTHING_TRIED : await this.#tried(principal, from, app, target, at);
    const steps = tried.map(({ rule, matched, why }) => ({
      rule: this.#nameOf(rule),
      matched,
      why: matched ? `every condition holds: ${verdict.why}` : why,
    }));
    const destination = `${String(target.host)}:${target.port}`;
    const shadowed = this.#shadowedAmong(tried);
    return { app: name, destination, verdict, steps, shadowed, changes, snapshot, asked };
  }

  #tried(
    principal: PolicyPrincipal,
    from: string | null,
    app: number,
    { host, port }: Target,
    at: number,
  ): Promise<TriedRules> {
    const { number } = this.#snapshot;
    const flow = { destination: host, now: at, utcOffset: this.#clock.offset(at) };
    return this.#snapshot.tried({ number, subject: policySubject(principal, from), app, port, flow });
  }

  /** Of the rules tried, those that can never decide, and those that the deciding one keeps from it. */
  #shadowedAmong(tried: readonly ExplainedRule[]): PolicyExplanation['shadowed'] {
    const last = tried.at(-1);
    const deciding = last?.matched === true ? last.rule : -1;
    return (
      this.shadowed
        ?.filter(({ rule, by }) => rule < tried.length || by === deciding)
        .map(({ rule, by }) => ({ rule: this.#nameOf(rule), by: by === null ? null : this.#nameOf(by) })) ?? null
    );
  }

  #nameOf(rule: number): string {
    return this.#snapshot.facts.verdict(rule)?.name ?? String(rule);
  }

  /** A custom URL or an app's name stands for the app's upstream or first host; a host is what a device asks for. */
  #find(target: string, method: AccessMethod): { app: number; target: Target } | null {
    const { apps } = this.#snapshot;
    const { host, port } = splitTarget(target);
    const byUrl = this.#index.byUrl(host);
    const app = byUrl >= 0 ? byUrl : apps.findIndex(({ name }) => name === target);
    if (app >= 0) {
      const { clientless, hosts = [], ports = [] } = apps[app] ?? {};
      const upstream = byUrl >= 0 || method === 'browser' ? clientless?.upstream : undefined;
      return { app, target: upstream ?? { host: firstOf(hosts), port: firstPort(ports) } };
    }
    if (addressNumber(host) === null && canonicalName(host) === null) return null;
    const found = this.#index.byTarget(host, port ?? 443);
    return found < 0 ? null : { app: found, target: { host, port: port ?? 443 } };
  }
}

const NOTHING_TRIED: TriedRules = { tried: [], changes: [] };

/** What stands for an app in a question that names no destination. */
function firstOf(hosts: readonly string[]): string {
  const [host = ''] = hosts;
  const pattern = parseHostPattern(host);
  if (pattern?.kind === 'wildcard') return `any.${pattern.suffix}`;
  return pattern?.kind === 'range' ? (/^[^/-]+/.exec(host)?.[0] ?? host) : host;
}

function firstPort(ports: readonly string[]): number {
  return ports.map(parsePortRange).find(({ protocol }) => protocol === 'tcp')?.from ?? 443;
}

function splitTarget(target: string): { host: string; port: number | null } {
  const url = target.includes('://') ? URL.parse(target) : null;
  if (url !== null) {
    const port = url.port === '' ? (url.protocol === 'http:' ? 80 : 443) : Number(url.port);
    return { host: url.hostname.replace(/^\[|\]$/g, ''), port };
  }
  if (addressNumber(target) !== null) return { host: target, port: null };
  const match = /^\[?([^[\]]+?)\]?(?::(\d{1,5}))?$/.exec(target);
  const host = match?.[1] ?? target;
  return { host: canonicalName(host) ?? host, port: match?.[2] === undefined ? null : Number(match[2]) };
}
