import { isIPv4, parseDestination, parseRange, parseSource } from '../policy/destination.ts';
import type { AddressRange } from '../policy/destination.ts';
import { canonicalName } from '../policy/destination.ts';
import type {
  PolicyInput,
  PolicyProbe,
  PolicyRuleInput,
  PolicySubject,
  PolicyTimeWindow,
} from '../policy/policy-input.ts';

type App = PolicyInput['apps'][number];

export interface ReferenceCondition {
  /** True where the rule does not have the condition. */
  readonly holds: (rule: PolicyRuleInput, subject: PolicySubject, app: App, probe: PolicyProbe) => boolean;
  /** Why it does not hold, in plain words. */
  readonly why: (rule: PolicyRuleInput, subject: PolicySubject, app: App, probe: PolicyProbe) => string;
}

const quote = (text: string): string => JSON.stringify(text);

function list(entries: readonly string[] = []): string {
  const shown = entries.slice(0, 5).join(', ');
  if (entries.length === 0) return 'none at all';
  return entries.length > 5 ? `${shown} and ${entries.length - 5} more` : shown;
}

const named = (value: string | undefined): string => (value === undefined ? 'unknown' : quote(value));

function covers({ from, to }: AddressRange, address: bigint): boolean {
  return isIPv4(from) === isIPv4(address) && from <= address && address <= to;
}

/** The one address that a text or bytes say, or `null`. */
function addressOf(destination: string | Uint8Array): bigint | null {
  if (typeof destination === 'string') return parseRange(destination)?.from ?? null;
  const number = destination.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  if (destination.length === 4) return 0xffff_0000_0000n + number;
  if (destination.length === 16) return number;
  throw new RangeError('an address has 4 or 16 bytes');
}

function destinationIs(wanted: string, destination: string | Uint8Array): boolean {
  const entry = parseDestination(wanted);
  const address = addressOf(destination);
  if (entry.kind === 'range') return address !== null && covers(entry.range, address);
  if (address !== null) return false;
  const name = canonicalName(String(destination)) ?? '';
  return entry.kind === 'name' ? name === entry.name : name.endsWith(`.${entry.suffix}`);
}

const shownDestination = (destination: PolicyProbe['destination']): string =>
  typeof destination === 'object' ? [...destination].join('.') : (destination ?? 'unknown');

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;

function isWithin({ days, from, to }: PolicyTimeWindow, now: number, utcOffset: number): boolean {
  const there = new Date(now + utcOffset * 60_000);
  const today = DAYS[there.getUTCDay()];
  const yesterday = DAYS[(there.getUTCDay() + 6) % 7];
  const minute = there.getUTCHours() * 60 + there.getUTCMinutes();
  if (to > from) return days.some((day) => day === today) && from <= minute && minute < to;
  const begun = days.some((day) => day === today) && minute >= from;
  return begun || (days.some((day) => day === yesterday) && minute < to);
}

export const CONDITIONS: readonly ReferenceCondition[] = [
  {
    holds: ({ users }, { user }) => users === undefined || users.includes(user),
    why: (_, { user }) => `the user ${quote(user)} is not among its users`,
  },
  {
    holds: ({ groups }, subject) => groups === undefined || subject.groups.some((group) => groups.includes(group)),
    why: ({ groups }) => `none of its groups (${list(groups)}) is a group of the user`,
  },
  {
    holds: ({ ous }, { ou }) =>
      ous === undefined || (ou !== undefined && ous.some((unit) => ou === unit || ou.startsWith(`${unit}/`))),
    why: ({ ous }, { ou }) => `the organisational unit ${named(ou)} lies in none of its units (${list(ous)})`,
  },
  {
    holds: ({ apps }, _, { name }) => apps === undefined || apps.includes(name),
    why: ({ apps }, _, { name }) => `the app ${quote(name)} is not among its apps (${list(apps)})`,
  },
  {
    holds: ({ tags }, _, app) => tags === undefined || app.tags.some((tag) => tags.includes(tag)),
    why: ({ tags }, _, { name }) => `the app ${quote(name)} carries none of its tags (${list(tags)})`,
  },
  {
    holds: ({ methods }, { method }) => methods === undefined || methods.includes(method),
    why: (_, { method }) => `it is not for access by ${method}`,
  },
  {
    holds: ({ posture }, subject) =>
      posture === undefined || (subject.posture ?? []).some((profile) => posture.includes(profile)),
    why: ({ posture }) => `the device satisfies none of its posture profiles (${list(posture)})`,
  },
  {
    holds: (rule, { os }) => rule.os === undefined || (os !== undefined && rule.os.includes(os)),
    why: (rule, { os }) => `the operating system ${named(os)} is not among its systems (${list(rule.os)})`,
  },
  {
    holds: ({ networks }, { network }) =>
      networks === undefined || (network !== undefined && networks.includes(network)),
    why: ({ networks }, { network }) => `the network ${named(network)} is not among its networks (${list(networks)})`,
  },
  {
    holds: ({ sources }, { source }) => {
      if (sources === undefined) return true;
      const address = source === undefined ? null : addressOf(source);
      return address !== null && sources.some((wanted) => covers(parseSource(wanted), address));
    },
    why: ({ sources }, { source }) => `the source ${named(source)} lies in none of its sources (${list(sources)})`,
  },
  {
    holds: ({ ports }, _subject, _app, { protocol, port }) =>
      ports === undefined ||
      ports.some((range) => range.protocol === protocol && range.from <= port && port <= range.to),
    why: ({ ports }, _subject, _app, { protocol, port }) =>
      `${protocol} port ${port} is not among its ports (${list(ports?.map(({ protocol: p, from, to }) => `${p}/${from}-${to}`))})`,
  },
  {
    holds: ({ destinations }, _subject, _app, { destination }) =>
      destinations === undefined ||
      (destination !== undefined && destinations.some((wanted) => destinationIs(wanted, destination))),
    why: ({ destinations }, _subject, _app, { destination }) =>
      `the destination ${shownDestination(destination)} is not among its destinations (${list(destinations)})`,
  },
  {
    holds: ({ activities }, _subject, _app, { activity = 'access' }) =>
      activities === undefined || activities.includes(activity),
    why: ({ activities }, _subject, _app, { activity = 'access' }) =>
      `the activity ${activity} is not among its activities (${list(activities)})`,
  },
  {
    holds: ({ times }, _subject, _app, { now, utcOffset = 0 }) =>
      times === undefined || (now !== undefined && times.some((window) => isWithin(window, now, utcOffset))),
    why: (_rule, _subject, _app, { now }) =>
      now === undefined ? 'it is for certain times, and the time is unknown' : 'it is not one of its times',
  },
];
