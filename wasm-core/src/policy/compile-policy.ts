import { CoreError } from '../errors.ts';
import {
  POLICY_ACTIVITY_ACCESS,
  POLICY_ACTIVITY_ANY,
  POLICY_ACTIVITY_COPY,
  POLICY_ACTIVITY_DOWNLOAD,
  POLICY_ACTIVITY_PASTE,
  POLICY_ACTIVITY_UPLOAD,
} from '../layout.gen.ts';
import { parseSource } from './destination.ts';
import { DestinationLists, PortLists, TimeLists } from './flow-lists.ts';
import { MAX_APPS, MAX_IMAGE_BYTES, MAX_KEYS, MAX_RULES, NAME_AXES, keyCount } from './image-layout.ts';
import { NameLists, PrefixLists } from './key-lists.ts';
import { MAX_POSTURE_PROFILES, POLICY_CONDITIONS } from './policy-input.ts';
import type { PolicyActivity, PolicyInput, PolicyRuleInput } from './policy-input.ts';
import { orderRules } from './rule-order.ts';
import { layOutParts, writeImage } from './write-image.ts';
import type { RuleRecord } from './write-image.ts';

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

/** The rules of one axis of principals: those without a condition there, and those of each key. */
interface Axis<Keys> {
  readonly free: number[];
  readonly keys: Keys;
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

  const axes = NAME_AXES.map((name): Axis<NameLists> & { name: typeof name } => ({
    name,
    free: [],
    keys: new NameLists(),
  }));
  const sources: Axis<PrefixLists> = { free: [], keys: new PrefixLists() };
  const ports = new PortLists();
  const times = new TimeLists();
  const destinations = new DestinationLists();
  const ordered = orderRules(input);
  const conditions = new Uint16Array(rules.length);

  const records: RuleRecord[] = [];
  for (const index of ordered.order) {
    const rule = rules[index];
    if (rule === undefined) continue;
    checkRule(rule);
    const number = records.length;
    for (const { name, free, keys } of axes) {
      const wanted = rule[name];
      if (wanted === undefined) free.push(number);
      else for (const key of wanted) keys.add(key, number);
    }
    if (rule.sources === undefined) sources.free.push(number);
    else for (const source of rule.sources) sources.keys.addText(source, parseSource, number);
    conditions[index] = conditionBits(rule);
    const { inline, list } = ports.addPorts(rule.ports);
    records.push({
      order: index,
      ports: inline,
      portList: list,
      activities: activityBits(rule.activities),
      timeList: times.addTimes(rule.times),
      destinationList: destinations.addDestinations(rule.destinations),
    });
  }

  const sourceKeys = sources.keys.sorted();
  const destinationPrefixes = destinations.prefixes.sorted();
  const parts = {
    records,
    conditions,
    ordered,
    axisKeys: axes.map(({ keys }) => [...keys.lists.keys()]),
    apps: apps.map((app) => app.name),
    sourceKeys,
    destinationNames: [...destinations.names.lists.keys()],
    destinationPrefixes,
    destinationLists: destinations.size,
    ports,
    times,
    ruleSets: [
      ...axes.map(({ free }) => free),
      sources.free,
      ...axes.flatMap(({ keys }) => [...keys.lists.values()]),
      ...sourceKeys.map(({ members }) => members),
      ...ordered.mixedSets,
    ],
    destinationSets: [...destinations.names.lists.values(), ...destinationPrefixes.map(({ members }) => members)],
  };
  const laidOut = layOutParts(parts);
  if (keyCount(laidOut.layout) > MAX_KEYS) throw refuse(`more than ${MAX_KEYS} names and prefixes`);
  if (laidOut.layout.length > MAX_IMAGE_BYTES) throw refuse(`the image would have ${laidOut.layout.length} bytes`);
  return writeImage(parts, laidOut);
}

function conditionBits(rule: PolicyRuleInput): number {
  let bits = 0;
  for (let bit = 0; bit < POLICY_CONDITIONS.length; bit++) {
    const name = POLICY_CONDITIONS[bit];
    if (name !== undefined && rule[name] !== undefined) bits |= 1 << bit;
  }
  return bits;
}

function checkRule({ methods, posture }: PolicyRuleInput): void {
  if (methods?.some((method) => !METHODS.includes(method)) === true) throw refuse('a method is browser or agent');
  if (posture !== undefined && posture.length > MAX_POSTURE_PROFILES) {
    throw refuse(`a rule names at most ${MAX_POSTURE_PROFILES} posture profiles`);
  }
}
