import {
  addressNumber,
  canonicalName,
  parseHostPattern,
  parsePortRange,
  type HostPattern,
  type PolicyRule,
  type PrivateApp,
} from '@causeway/contract';
import type { ShadowedRule } from '@causeway/wasm-core';
import { didYouMean } from './closest.ts';
import type { Config } from './schema.ts';

/** What a schema cannot say because it ties one entry to another. */
export interface Problem {
  readonly path: readonly (string | number)[];
  readonly message: string;
  /** A warning does not keep the PoP from running. */
  readonly severity: 'error' | 'warning';
}

type Report = (path: readonly (string | number)[], message: string, severity?: Problem['severity']) => void;

export function crossChecks(config: Config): Problem[] {
  const problems: Problem[] = [];
  const report: Report = (path, message, severity = 'error') => problems.push({ path, message, severity });
  checkDomains(config, report);
  checkNames('publishers', config.publishers, report);
  checkNames('apps', config.apps, report);
  checkNames('rules', config.rules, report);
  checkPublishers(config, report);
  checkCustomUrls(config, report);
  checkClaims(config.apps, report);
  checkRules(config, report);
  return problems;
}

export function shadowedWarning({ rules }: Config, { rule, by }: ShadowedRule): Problem {
  const cover = by === null ? undefined : rules[by];
  const message =
    cover === undefined
      ? 'never decides: no app is what it asks for'
      : `never decides: rules[${by}] "${cover.name}" before it matches whatever it does`;
  return { path: ['rules', rule], message: `"${rules[rule]?.name ?? ''}" ${message}`, severity: 'warning' };
}

function isBelow(name: string, domain: string): boolean {
  return name.endsWith(`.${domain}`);
}

/** Nested domains would let a cookie, a certificate or a coalesced connection of one reach into another. */
function checkDomains({ domains }: Config, report: Report): void {
  const all = Object.entries(domains);
  for (const [key, name] of all) {
    for (const [otherKey, other] of all) {
      if (key === otherKey || !(isBelow(name, other) || (name === other && key > otherKey))) continue;
      report(
        ['domains', key],
        `must not be ${name === other ? 'the same as' : 'below'} the ${otherKey} domain ${other}`,
      );
    }
  }
}

function checkNames(list: string, entries: readonly { readonly name: string }[], report: Report): void {
  const first = new Map<string, number>();
  for (const [i, { name }] of entries.entries()) {
    const before = first.get(name);
    if (before === undefined) first.set(name, i);
    else report([list, i, 'name'], `"${name}" is the name of ${list}[${before}] already`);
  }
}

function checkPublishers(config: Config, report: Report): void {
  const known = new Set(config.publishers.map(({ name }) => name));
  for (const [i, app] of config.apps.entries()) {
    for (const [j, name] of app.publishers.entries()) {
      if (known.has(name)) continue;
      report(['apps', i, 'publishers', j], `there is no publisher "${name}"${didYouMean(name, known)}`);
    }
  }
}

function checkCustomUrls(config: Config, report: Report): void {
  const { access } = config.domains;
  const owner = new Map<string, string>();
  for (const [i, app] of config.apps.entries()) {
    if (app.clientless === undefined) continue;
    for (const [j, url] of app.clientless.urls.entries()) {
      const path = ['apps', i, 'clientless', 'urls', j];
      const before = owner.get(url);
      if (!isBelow(url, access)) report(path, `${url} is not below the access domain ${access}`);
      if (before !== undefined) report(path, `${url} is a custom URL of ${before} already`);
      owner.set(url, app.name);
    }
    const { host } = app.clientless.upstream;
    if (canonicalName(host) !== host && addressNumber(host) === null) {
      report(['apps', i, 'clientless', 'upstream', 'host'], 'a host name in lower case or an address');
    }
  }
}

/** The same for every way to write one and the same set of hosts. */
function hostKey(pattern: HostPattern): string {
  switch (pattern.kind) {
    case 'name':
      return pattern.name;
    case 'wildcard':
      return `*.${pattern.suffix}`;
    case 'range':
      return `${pattern.from}-${pattern.to}`;
  }
}

/** Which of two apps a flow belongs to must not depend on their order in the file. */
function checkClaims(apps: readonly PrivateApp[], report: Report): void {
  const claims = new Map<string, { app: number; ports: readonly string[] }[]>();
  for (const [i, app] of apps.entries()) {
    for (const [j, host] of app.hosts.entries()) {
      const pattern = parseHostPattern(host);
      if (pattern === null) continue;
      const key = hostKey(pattern);
      const others = claims.get(key) ?? [];
      for (const other of others) {
        const both = other.app === i ? undefined : app.ports.find((a) => other.ports.some((b) => overlaps(a, b)));
        if (both === undefined) continue;
        report(['apps', i, 'hosts', j], `${host} with ${both} belongs to ${apps[other.app]?.name ?? ''} already`);
        break;
      }
      claims.set(key, [...others, { app: i, ports: app.ports }]);
    }
  }
}

function overlaps(a: string, b: string): boolean {
  const x = parsePortRange(a);
  const y = parsePortRange(b);
  return x.protocol === y.protocol && x.from <= y.to && y.from <= x.to;
}

const CONDITIONS = [
  'users',
  'groups',
  'ous',
  'apps',
  'tags',
  'destinations',
  'ports',
  'methods',
  'activities',
  'sources',
  'times',
] as const satisfies readonly (keyof PolicyRule)[];

function checkRules(config: Config, report: Report): void {
  const apps = new Set(config.apps.map(({ name }) => name));
  const tags = new Set(config.apps.flatMap((app) => app.tags));
  for (const [i, rule] of config.rules.entries()) {
    for (const [j, name] of (rule.apps ?? []).entries()) {
      if (!apps.has(name)) report(['rules', i, 'apps', j], `there is no app "${name}"${didYouMean(name, apps)}`);
    }
    for (const [j, tag] of (rule.tags ?? []).entries()) {
      // A rule may wait for the first app with its tag.
      if (!tags.has(tag))
        report(['rules', i, 'tags', j], `no app has the tag "${tag}"${didYouMean(tag, tags)}`, 'warning');
    }
    if (rule.ous !== undefined && config.identityProvider.ouAttribute === undefined) {
      report(['rules', i, 'ous'], 'nobody’s organisational unit is known: set identityProvider.ouAttribute');
    }
    for (const key of CONDITIONS) {
      // An empty list matches nothing, an absent one everything: whoever wrote [] meant one of the two.
      if (rule[key]?.length === 0)
        report(['rules', i, key], 'an empty list matches nothing; leave it out to match all');
    }
  }
}
