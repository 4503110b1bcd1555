import { CoreError } from '../errors.ts';
import {
  POLICY_ACTIVITY_ACCESS,
  POLICY_ACTIVITY_ANY,
  POLICY_ACTIVITY_COPY,
  POLICY_ACTIVITY_DOWNLOAD,
  POLICY_ACTIVITY_PASTE,
  POLICY_ACTIVITY_UPLOAD,
} from '../layout.gen.ts';
import { appFinder } from './app-finder.ts';
import { parseSource } from './destination.ts';
import { DestinationLists, PortLists, TimeLists } from './flow-lists.ts';
import { MAX_APPS, MAX_IMAGE_BYTES, MAX_KEYS, MAX_RULES, NAME_AXES, SOURCE_AXIS, keyCount } from './image-layout.ts';
import { NameLists, PrefixLists } from './key-lists.ts';
import { MAX_POSTURE_PROFILES, POLICY_CONDITIONS } from './policy-input.ts';
import type { PolicyActivity, PolicyCondition, PolicyInput, PolicyRuleInput } from './policy-input.ts';
import { orderRules } from './rule-order.ts';
import { RuleRecords } from './rule-records.ts';
import { layOutParts, writeImage } from './write-image.ts';
import type { ImageParts } from './write-image.ts';

/** Per condition the axis of names that it is, -1 for none. */
const AXIS_OF = POLICY_CONDITIONS.map((name) => NAME_AXES.findIndex((axis) => axis === name));
const METHODS = ['browser', 'agent'] as const;
const refuse = (why: string): CoreError => new CoreError('CW_CORE_POLICY', why);

export const ACTIVITY_BITS: Readonly<Record<PolicyActivity, number>> = {
  access: POLICY_ACTIVITY_ACCESS,
  upload: POLICY_ACTIVITY_UPLOAD,
  download: POLICY_ACTIVITY_DOWNLOAD,
  copy: POLICY_ACTIVITY_COPY,
  paste: POLICY_ACTIVITY_PASTE,
};

function activityBits(activities: PolicyRuleInput['activities']): number {
  if (activities === undefined) return POLICY_ACTIVITY_ANY;
  return activities.reduce((bits, activity) => {
    if (!Object.hasOwn(ACTIVITY_BITS, activity)) throw refuse('an activity is access, upload, download, copy or paste');
    return bits | ACTIVITY_BITS[activity];
  }, 0);
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

  const axes = NAME_AXES.map(() => new NameLists());
  const sources = new PrefixLists();
  const ports = new PortLists();
  const times = new TimeLists();
  const destinations = new DestinationLists();
  const conditions = new Uint16Array(rules.length);
  const records = new RuleRecords(rules.length);
  const appsOf = appFinder(apps);
  const targets: (ReadonlySet<number> | null)[] = [];

  for (let index = 0; index < rules.length; index++) {
    const rule = rules[index];
    if (rule === undefined) throw refuse(`rule ${index} is missing`);
    const wanted = conditionsOf(rule);
    const [, , , named, tags, goals, allowed, methods, posture, , , activities, origins, hours] = wanted;
    checkRule(methods, posture);
    let bits = 0;
    for (let bit = 0; bit < wanted.length; bit++) {
      const entries = wanted[bit];
      if (entries === undefined) continue;
      bits |= 1 << bit;
      const names = axes[AXIS_OF[bit] ?? SOURCE_AXIS];
      if (names !== undefined) for (const name of entries) names.add(name as string, index);
    }
    conditions[index] = bits;
    targets.push(appsOf(named, tags));
    if (origins !== undefined) for (const source of origins) sources.add(source, parseSource, index);
    records.write(
      index,
      ports.addPorts(allowed),
      activityBits(activities),
      times.addTimes(hours),
      destinations.addDestinations(goals),
    );
  }

  const ordered = orderRules(targets, apps.length);
  const sourceKeys = sources.sorted(ordered.numbers);
  const lists = Uint32Array.from({ length: destinations.size }, (_, list) => list);
  const destinationPrefixes = destinations.prefixes.sorted(lists);
  const parts: ImageParts = {
    records: records.inOrder(ordered.order),
    conditions,
    ordered,
    axisKeys: axes.map(({ names }) => names),
    apps: apps.map((app) => app.name),
    sourceKeys,
    destinationNames: destinations.names.names,
    destinationPrefixes,
    destinationLists: destinations.size,
    ports,
    times,
    ruleSets: [
      ...[...NAME_AXES, 'sources' as const].map((name) => rulesWithout(name, conditions, ordered.order)),
      ...axes.flatMap((names) => names.members(ordered.numbers)),
      ...sourceKeys.map(({ members }) => members),
      ...ordered.mixedSets,
    ],
    destinationSets: [...destinations.names.members(lists), ...destinationPrefixes.map(({ members }) => members)],
  };
  const laidOut = layOutParts(parts);
  if (keyCount(laidOut.layout) > MAX_KEYS) throw refuse(`more than ${MAX_KEYS} names and prefixes`);
  if (laidOut.layout.length > MAX_IMAGE_BYTES) throw refuse(`the image would have ${laidOut.layout.length} bytes`);
  return writeImage(parts, laidOut);
}

type Conditions = readonly [
  users: PolicyRuleInput['users'],
  groups: PolicyRuleInput['groups'],
  ous: PolicyRuleInput['ous'],
  apps: PolicyRuleInput['apps'],
  tags: PolicyRuleInput['tags'],
  destinations: PolicyRuleInput['destinations'],
  ports: PolicyRuleInput['ports'],
  methods: PolicyRuleInput['methods'],
  posture: PolicyRuleInput['posture'],
  os: PolicyRuleInput['os'],
  networks: PolicyRuleInput['networks'],
  activities: PolicyRuleInput['activities'],
  sources: PolicyRuleInput['sources'],
  times: PolicyRuleInput['times'],
];

/**
 * In the order of POLICY_CONDITIONS. Each is read once: rules come in hundreds of shapes, so that a look at a property
 * costs more than what is done with most.
 */
function conditionsOf(rule: PolicyRuleInput): Conditions {
  const { users, groups, ous, apps, tags, destinations, ports, methods, posture, os, networks } = rule;
  const { activities, sources, times } = rule;
  const given = [users, groups, ous, apps, tags, destinations, ports, methods, posture, os, networks] as const;
  return [...given, activities, sources, times];
}

/** The new numbers of the rules without the condition, ascending. */
function rulesWithout(condition: PolicyCondition, conditions: Uint16Array, order: Uint32Array): Uint32Array {
  const bit = 1 << POLICY_CONDITIONS.indexOf(condition);
  const found = new Uint32Array(order.length);
  let count = 0;
  for (let number = 0; number < order.length; number++) {
    if (((conditions[order[number] ?? 0] ?? 0) & bit) === 0) found[count++] = number;
  }
  return found.subarray(0, count);
}

function checkRule(methods: PolicyRuleInput['methods'], posture: PolicyRuleInput['posture']): void {
  if (methods?.some((method) => !METHODS.includes(method)) === true) throw refuse('a method is browser or agent');
  if (posture !== undefined && posture.length > MAX_POSTURE_PROFILES) {
    throw refuse(`a rule names at most ${MAX_POSTURE_PROFILES} posture profiles`);
  }
}
