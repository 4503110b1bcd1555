import { isBelow, objectChecks, type Problem, type Report } from './object-checks.ts';
import type { Config } from './schema.ts';

/** @param alone whether the file's objects are all that there are; else one may name another that the store has */
export function crossChecks(config: Config, alone: boolean): Problem[] {
  const problems: Problem[] = [];
  checkDomains(config, (path, message) => problems.push({ path, message, severity: 'error' }));
  const { publishers, apps, rules } = config;
  const found = objectChecks({ publishers, apps, rules }, config);
  return [...problems, ...found.filter(({ missing }) => alone || missing !== true)];
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
