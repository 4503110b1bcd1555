import {
  addressNumber,
  canonicalName,
  matchesHost,
  parseHostPattern,
  parsePortRange,
  type AccessMethod,
  type HostPattern,
  type PolicyRule,
  type Principal,
  type PrivateApp,
  type Verdict,
} from '@causeway/contract';
import { PolicyMatcher } from '@causeway/wasm-core';
import { ReferencePolicyMatcher } from '@causeway/wasm-core/reference';
import type { Explanation, Snapshot } from '../rpc/messages.ts';
import { policyInput } from './snapshot/compile.ts';

const DEFAULT_WHY = 'no rule matches, and what no rule allows is blocked';

/** What an app looks like to one person: by browser, by device, or not at all. */
export interface AllowedApp {
  readonly app: PrivateApp;
  readonly browser: boolean;
  readonly agent: boolean;
}

/** What of a snapshot decides. */
export type DecidingSnapshot = Pick<Snapshot, 'number' | 'apps' | 'rules' | 'policyImage'>;

/** Control's own look at the published policy: for the portal's list and for `explain`. The edges decide. */
export class PolicyView {
  readonly #snapshot: DecidingSnapshot;
  readonly #matcher: PolicyMatcher;
  readonly #numbers: ReadonlyMap<string, number>;

  /** Throws a wasm-core error when the image is none. */
  constructor(snapshot: DecidingSnapshot) {
    this.#snapshot = snapshot;
    this.#matcher = new PolicyMatcher(Buffer.from(snapshot.policyImage, 'base64'));
    this.#numbers = new Map(this.#matcher.apps.map((name, number) => [name, number]));
  }

  /** What this person may open, by whichever method; an app that no rule gives them is not in it. */
  allowedApps(principal: Pick<Principal, 'user' | 'groups'>): AllowedApp[] {
    const byBrowser = this.#allowed(principal, 'browser', (app) => {
      const port = app.clientless?.upstream.port;
      return port === undefined ? [] : [port];
    });
    const byAgent = this.#allowed(principal, 'agent', tcpPorts);
    return this.#snapshot.apps
      .map((app) => ({ app, browser: byBrowser.has(app.name), agent: byAgent.has(app.name) }))
      .filter(({ browser, agent }) => browser || agent);
  }

  #allowed(
    principal: Pick<Principal, 'user' | 'groups'>,
    method: AccessMethod,
    ports: (app: PrivateApp) => number[],
  ): Set<string> {
    const session = this.#matcher.open({ user: principal.user, groups: principal.groups, method });
    try {
      const allowed = this.#snapshot.apps.filter((app) => {
        const number = this.#numbers.get(app.name);
        return (
          number !== undefined &&
          ports(app).some((port) => {
            const rule = this.#matcher.decide(session, number, 'tcp', port);
            return this.#snapshot.rules[rule]?.action === 'allow';
          })
        );
      });
      return new Set(allowed.map((app) => app.name));
    } finally {
      this.#matcher.close(session);
    }
  }

  /**
   * Which rules were tried for this person and target, in order, and why each matched or not.
   *
   * @param target a custom URL or its host, or `host:port` as a device would ask for it, or an app's name
   */
  explain(who: { user: string; groups: readonly string[]; method: AccessMethod }, target: string): Explanation {
    const { apps, rules, number: snapshot } = this.#snapshot;
    const found = this.#find(target, who.method);
    if (found === null) {
      const verdict: Verdict = { action: 'block', rule: null, why: `no app answers for ${target.slice(0, 300)}` };
      return { app: null, verdict, steps: [], snapshot };
    }
    const reference = new ReferencePolicyMatcher(policyInput(apps, rules));
    const tried = reference.explain(who, found.app, 'tcp', found.port);
    const steps = tried.map(({ rule, matched, why }) => ({ rule: rules[rule]?.name ?? String(rule), matched, why }));
    const last = tried.at(-1);
    const rule = last?.matched === true ? rules[last.rule] : undefined;
    return { app: apps[found.app]?.name ?? null, verdict: verdictOf(rule), steps, snapshot };
  }

  #find(target: string, method: AccessMethod): { app: number; port: number } | null {
    const { apps } = this.#snapshot;
    const { host, port } = splitTarget(target);
    const browserPort = (app: number): number => apps[app]?.clientless?.upstream.port ?? tcpPorts(apps[app])[0] ?? 443;
    const byUrl = apps.findIndex((app) => app.clientless?.urls.includes(host) === true);
    if (byUrl >= 0) return { app: byUrl, port: browserPort(byUrl) };
    const byName = apps.findIndex((app) => app.name === target);
    if (byName >= 0) {
      return { app: byName, port: method === 'browser' ? browserPort(byName) : (tcpPorts(apps[byName])[0] ?? 443) };
    }
    const wanted = port ?? 443;
    let best: { app: number; port: number; weight: bigint } | null = null;
    for (const [app, { hosts, ports }] of apps.entries()) {
      if (
        !ports
          .map(parsePortRange)
          .some((range) => range.protocol === 'tcp' && range.from <= wanted && wanted <= range.to)
      ) {
        continue;
      }
      for (const text of hosts) {
        const pattern = parseHostPattern(text);
        if (pattern === null || !matchesHost(pattern, host)) continue;
        const weight = width(pattern);
        if (best === null || weight < best.weight) best = { app, port: wanted, weight };
      }
    }
    return best;
  }
}

/** The smaller, the more specific: an exact name, a long wildcard, a small range. */
function width(pattern: HostPattern): bigint {
  switch (pattern.kind) {
    case 'name':
      return 0n;
    case 'wildcard':
      return BigInt(1_000 - pattern.suffix.length);
    case 'range':
      return pattern.to - pattern.from;
  }
}

function verdictOf(rule: PolicyRule | undefined): Verdict {
  if (rule === undefined) return { action: 'block', rule: null, why: DEFAULT_WHY };
  const { action, name, notice } = rule;
  const why = `rule ${name} ${action === 'allow' ? 'allows' : 'blocks'} it`;
  return { action, rule: name, why, ...(notice === undefined ? {} : { notify: notice }) };
}

function tcpPorts(app: PrivateApp | undefined): number[] {
  return (app?.ports ?? []).map(parsePortRange).flatMap(({ protocol, from }) => (protocol === 'tcp' ? [from] : []));
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
