import { CoreError } from '../errors.ts';
import { DENSE, MAX_APPS, MAX_IMAGE_BYTES, MAX_KEYS, MAX_RULES, layOut, sealImage } from './image-layout.ts';
import type { PolicyInput, PolicyRuleInput } from './policy-input.ts';

const MAX_NAME_BYTES = 1024;
const METHODS = ['browser', 'agent'] as const;
const refuse = (why: string): CoreError => new CoreError('CW_CORE_POLICY', why);

/** Rule numbers per name, in the order in which names appear. A rule that says a name twice is noted once. */
class RuleLists {
  readonly lists = new Map<string, number[]>();

  add(name: string, rule: number): void {
    const list = this.lists.get(name);
    if (list === undefined) this.lists.set(name, [rule]);
    else note(list, rule);
  }
}

/** Rules come in order, so a rule noted already is the last one. */
function note(list: number[], rule: number): void {
  if (list.at(-1) !== rule) list.push(rule);
}

/** Which apps a rule names; `null` for every app. */
function appFinder(apps: PolicyInput['apps']): (rule: PolicyRuleInput) => Iterable<number> | null {
  const byName = new Map(apps.map((app, index) => [app.name, index]));
  const byTag = new Map<string, number[]>();
  for (const [index, app] of apps.entries()) {
    for (const tag of new Set(app.tags)) {
      const tagged = byTag.get(tag);
      if (tagged === undefined) byTag.set(tag, [index]);
      else tagged.push(index);
    }
  }
  return (rule) => {
    if (rule.apps === undefined && rule.tags === undefined) return null;
    const named = new Set(rule.apps?.flatMap((name) => byName.get(name) ?? []));
    if (rule.tags === undefined) return named;
    const tagged = new Set(rule.tags.flatMap((tag) => byTag.get(tag) ?? []));
    return rule.apps === undefined ? tagged : [...named].filter((app) => tagged.has(app));
  };
}

/** Port ranges of all rules; equal lists are kept once. */
class RangeLists {
  readonly ranges: { from: number; to: number; protocols: number }[] = [];
  readonly #known = new Map<string, { first: number; count: number }>();

  add(ports: PolicyRuleInput['ports']): { first: number; count: number } {
    const list =
      ports === undefined
        ? [{ from: 0, to: 65_535, protocols: 3 }]
        : ports.map(({ protocol, from, to }) => {
            if (protocol !== 'tcp' && protocol !== 'udp') throw refuse('a protocol is tcp or udp');
            const valid = Number.isInteger(from) && Number.isInteger(to) && from >= 0 && from <= to && to <= 65_535;
            if (!valid) throw refuse(`ports ${from} to ${to} are not a range within 0 to 65535`);
            return { from, to, protocols: protocol === 'tcp' ? 1 : 2 };
          });
    const key = JSON.stringify(list);
    let known = this.#known.get(key);
    if (known === undefined) {
      known = { first: this.ranges.length, count: list.length };
      for (const range of list) this.ranges.push(range);
      this.#known.set(key, known);
    }
    return known;
  }
}

function encodeNames(names: readonly string[]): { bytes: Uint8Array[]; total: number } {
  const encoder = new TextEncoder();
  let total = 0;
  const bytes = names.map((name) => {
    // A lone surrogate would be encoded like U+FFFD, and so equal a name that differs.
    if (typeof name !== 'string' || name === '' || !name.isWellFormed()) throw refuse('a name is no Unicode text');
    const encoded = encoder.encode(name);
    if (encoded.length > MAX_NAME_BYTES) throw refuse(`a name is longer than ${MAX_NAME_BYTES} bytes`);
    total += encoded.length;
    return encoded;
  });
  return { bytes, total };
}

/**
 * Compiles rules to the image that `PolicyMatcher` loads, in this process or another: at most 2^20 rules, 2^20 apps,
 * names of 1024 bytes and 256 MiB in all. The same input gives the same bytes. Throws `CW_CORE_POLICY`.
 */
export function compilePolicy(input: PolicyInput): Uint8Array {
  const { apps, rules } = input;
  if (rules.length > MAX_RULES) throw refuse(`${rules.length} rules, at most ${MAX_RULES}`);
  if (apps.length > MAX_APPS) throw refuse(`${apps.length} apps, at most ${MAX_APPS}`);
  if (new Set(apps.map((app) => app.name)).size !== apps.length) throw refuse('two apps have the same name');

  const anyUser: number[] = [];
  const anyGroup: number[] = [];
  const methods: [number[], number[]] = [[], []];
  const everyApp: number[] = [];
  const users = new RuleLists();
  const groups = new RuleLists();
  const appRules: number[][] = apps.map(() => []);
  const ranges = new RangeLists();
  const appsOf = appFinder(apps);

  const records = rules.map((rule, index) => {
    if (rule.users === undefined) anyUser.push(index);
    for (const user of rule.users ?? []) users.add(user, index);
    if (rule.groups === undefined) anyGroup.push(index);
    for (const group of rule.groups ?? []) groups.add(group, index);
    for (const method of rule.methods ?? METHODS) {
      if (!METHODS.includes(method)) throw refuse('a method is browser or agent');
      note(methods[method === 'browser' ? 0 : 1], index);
    }
    const named = appsOf(rule);
    if (named === null) everyApp.push(index);
    for (const app of named ?? []) appRules[app]?.push(index);
    return ranges.add(rule.ports);
  });

  if (users.lists.size + groups.lists.size > MAX_KEYS) throw refuse(`more than ${MAX_KEYS} users and groups`);
  const names = encodeNames([...users.lists.keys(), ...groups.lists.keys(), ...apps.map((app) => app.name)]);
  const sets = [
    anyUser,
    anyGroup,
    ...methods,
    everyApp,
    ...users.lists.values(),
    ...groups.lists.values(),
    ...appRules,
  ];
  const words = Math.ceil(rules.length / 128);
  // A bitset costs up to twice the bytes of the list it replaces; a decision skips through it much faster.
  const isDense = (list: readonly number[]): boolean => list.length > 2 * words;
  const unitsOf = (list: readonly number[]): number => (isDense(list) ? words : Math.ceil(list.length / 4));
  const layout = layOut({
    rules: rules.length,
    apps: apps.length,
    users: users.lists.size,
    groups: groups.lists.size,
    ranges: ranges.ranges.length,
    units: sets.reduce((sum, list) => sum + unitsOf(list), 0),
    nameBytes: names.total,
  });
  if (layout.length > MAX_IMAGE_BYTES) throw refuse(`the image would have ${layout.length} bytes`);

  const image = new Uint8Array(layout.length);
  const view = new DataView(image.buffer);
  for (const [i, { first, count }] of records.entries()) {
    view.setUint32(layout.rulesAt + 8 * i, first, true);
    view.setUint32(layout.rulesAt + 8 * i + 4, count, true);
  }
  for (const [i, { from, to, protocols }] of ranges.ranges.entries()) {
    view.setUint16(layout.rangesAt + 8 * i, from, true);
    view.setUint16(layout.rangesAt + 8 * i + 2, to, true);
    view.setUint32(layout.rangesAt + 8 * i + 4, protocols, true);
  }
  let unit = 0;
  for (const [i, list] of sets.entries()) {
    const dense = isDense(list);
    view.setUint32(layout.setsAt + 8 * i, unit, true);
    view.setUint32(layout.setsAt + 8 * i + 4, dense ? DENSE : list.length, true);
    const at = layout.payloadAt + 16 * unit;
    for (const [n, rule] of list.entries()) {
      if (dense) image[at + (rule >>> 3)] = (image[at + (rule >>> 3)] ?? 0) | (1 << (rule & 7));
      else view.setUint32(at + 4 * n, rule, true);
    }
    unit += unitsOf(list);
  }
  let end = 0;
  for (const [i, bytes] of names.bytes.entries()) {
    image.set(bytes, layout.namesAt + end);
    end += bytes.length;
    view.setUint32(layout.endsAt + 4 * i, end, true);
  }
  sealImage(image, layout);
  return image;
}
