import {
  addressNumber,
  canonicalName,
  parseHostPattern,
  parsePortRange,
  type HostPattern,
  type ObjectKind,
  type PolicyRule,
  type PrivateApp,
} from '@causeway/contract';
import { didYouMean } from './closest.ts';
import { namesIn, namesOther, NOUNS, REFERENCES } from './references.ts';

/** What a schema cannot say because it ties one entry to another. */
export interface Problem {
  readonly path: readonly (string | number)[];
  readonly message: string;
  /** A warning does not keep the PoP from running. */
  readonly severity: 'error' | 'warning';
  /** That another object is not there, which may be said only by who knows all of them. */
  readonly missing?: true;
}

export type Report = (path: readonly (string | number)[], message: string, more?: Partial<Problem>) => void;

/** Objects that passed their schemas, each kind in its order; a problem's path begins `[kind, index]`. */
export interface ObjectLists extends Readonly<Partial<Record<ObjectKind, readonly { readonly name: string }[]>>> {
  readonly publishers: readonly { readonly name: string }[];
  readonly apps: readonly PrivateApp[];
  readonly rules: readonly PolicyRule[];
}

/** What of the deployment objects must go together with. */
export interface ObjectSurroundings {
  /** Custom URLs must lie below the access domain. */
  readonly domains: { readonly access: string };
  readonly identityProvider: { readonly ouAttribute?: string | undefined };
}

/** More says no more; and what names a wrong thing in a hundred thousand rules would take minutes to guess at. */
const MAX_PROBLEMS = 200;
const MAX_GUESSES = 20;

/** Whether the objects go together, and with the deployment. */
export function objectChecks(lists: ObjectLists, deployment: ObjectSurroundings): Problem[] {
  const problems: Problem[] = [];
  const report: Report = (path, message, more = {}) => {
    if (problems.length < MAX_PROBLEMS) problems.push({ path, message, severity: 'error', ...more });
  };
  for (const [kind, entries] of Object.entries(lists)) checkNames(kind, entries, report);
  checkReferences(lists, report);
  checkCustomUrls(lists.apps, deployment.domains.access, report);
  checkClaims(lists.apps, report);
  checkRules(lists, deployment, report);
  return problems;
}

export function isBelow(name: string, domain: string): boolean {
  return name.endsWith(`.${domain}`);
}

function checkNames(list: string, entries: readonly { readonly name: string }[], report: Report): void {
  const first = new Map<string, number>();
  for (const [i, { name }] of entries.entries()) {
    const before = first.get(name);
    if (before === undefined) first.set(name, i);
    else report([list, i, 'name'], `"${name}" is the name of ${list}[${before}] already`);
  }
}

function checkReferences(lists: ObjectLists, report: Report): void {
  let guesses = 0;
  for (const { from, field, to, open } of REFERENCES) {
    if (open === true) continue;
    const known = new Set((lists[to] ?? []).map(({ name }) => name));
    for (const [i, body] of (lists[from] ?? []).entries()) {
      if (!namesOther(body, field, known)) continue;
      for (const { path, name } of namesIn(body, field)) {
        if (known.has(name)) continue;
        const guess = guesses++ < MAX_GUESSES ? didYouMean(name, known) : '';
        report([from, i, ...path], `there is no ${NOUNS[to]} "${name}"${guess}`, { missing: true });
      }
    }
  }
}

function checkCustomUrls(apps: readonly PrivateApp[], access: string, report: Report): void {
  const owner = new Map<string, string>();
  for (const [i, app] of apps.entries()) {
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
      others.push({ app: i, ports: app.ports });
      claims.set(key, others);
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

function checkRules({ apps, rules }: ObjectLists, { identityProvider }: ObjectSurroundings, report: Report): void {
  const tags = new Set(apps.flatMap((app) => app.tags));
  let guesses = 0;
  for (const [i, rule] of rules.entries()) {
    for (const [j, tag] of (rule.tags ?? []).entries()) {
      if (tags.has(tag)) continue;
      // A rule may wait for the first app with its tag.
      const guess = guesses++ < MAX_GUESSES ? didYouMean(tag, tags) : '';
      report(['rules', i, 'tags', j], `no app has the tag "${tag}"${guess}`, { severity: 'warning', missing: true });
    }
    if (rule.ous !== undefined && identityProvider.ouAttribute === undefined) {
      const message = 'logins say no organisational unit, so only SCIM may: set identityProvider.ouAttribute';
      report(['rules', i, 'ous'], message, { severity: 'warning' });
    }
    for (const key of CONDITIONS) {
      // An empty list matches nothing, an absent one everything: whoever wrote [] meant one of the two.
      if (rule[key]?.length === 0)
        report(['rules', i, key], 'an empty list matches nothing; leave it out to match all');
    }
  }
}
