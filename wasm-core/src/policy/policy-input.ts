export type PolicyProtocol = 'tcp' | 'udp';
export type PolicyMethod = 'browser' | 'agent';
export type PolicyActivity = 'access' | 'upload' | 'download' | 'copy' | 'paste';
export type PolicyDay = 'mon' | 'tue' | 'wed' | 'thu' | 'fri' | 'sat' | 'sun';

export const MAX_POSTURE_PROFILES = 10;

export interface PolicyInput {
  /** Names are unique; an app's index in this list is what `decide` takes. */
  readonly apps: readonly { readonly name: string; readonly tags: readonly string[] }[];
  /** In order: the first that matches decides. */
  readonly rules: readonly PolicyRuleInput[];
}

/**
 * An absent condition matches everything; a present one matches when any of its entries does, so an empty one never
 * does. All present conditions must match. What names an unknown app, or a tag that no app has, never matches; nor does
 * a condition on a fact that the caller did not give (no destination, no posture, …), whatever the rule's action is.
 */
export interface PolicyRuleInput {
  readonly users?: readonly string[];
  readonly groups?: readonly string[];
  /** Paths of organisational units from the top, `corp/sales`: that unit and all below it. */
  readonly ous?: readonly string[];
  readonly apps?: readonly string[];
  readonly tags?: readonly string[];
  /**
   * Where the flow goes: `host.example`, `*.example` (names below it at any depth, not itself), an address, a prefix
   * `10.0.0.0/8`, or a range `10.0.0.1-10.0.0.9`. Names match names and addresses match addresses: nothing is resolved.
   * What begins outside IPv4 covers none of it, so `::/0` is all of IPv6.
   */
  readonly destinations?: readonly string[];
  /** Both ends included, 0 to 65535. */
  readonly ports?: readonly { readonly protocol: PolicyProtocol; readonly from: number; readonly to: number }[];
  readonly methods?: readonly PolicyMethod[];
  /**
   * Posture profiles, at most 10, of which the device satisfies any. A profile is itself a conjunction of checks, so who
   * wants two of them together makes that a profile.
   */
  readonly posture?: readonly string[];
  readonly os?: readonly string[];
  /** Network states, as `on-premises`. */
  readonly networks?: readonly string[];
  readonly activities?: readonly PolicyActivity[];
  /** The client's own address: addresses, prefixes and ranges as in `destinations`. */
  readonly sources?: readonly string[];
  readonly times?: readonly PolicyTimeWindow[];
}

/**
 * Every week from minute `from` of each of the days, included, to minute `to`, excluded; 0 to 1440. Where `to` is not
 * after `from`, the window ends on the following day.
 */
export interface PolicyTimeWindow {
  readonly days: readonly PolicyDay[];
  readonly from: number;
  readonly to: number;
}

/** Who asks. Names are compared exactly: case and Unicode form are the caller's to settle. */
export interface PolicySubject {
  readonly user: string;
  readonly groups: readonly string[];
  readonly method: PolicyMethod;
  /** Path of the organisational unit from the top, at most 64 deep. */
  readonly ou?: string;
  /** Posture profiles that the device satisfies. */
  readonly posture?: readonly string[];
  readonly os?: string;
  readonly network?: string;
  /** Address of the client, as text. */
  readonly source?: string;
}

/** What else is known of one flow. */
export interface PolicyFlow {
  /**
   * A DNS name in ASCII (case and one final dot are ignored), or an address as text or as 4 or 16 bytes in network
   * order.
   */
  readonly destination?: string | Uint8Array;
  /** `access` unless given: the flow is opened. */
  readonly activity?: PolicyActivity;
  /** Milliseconds since 1970, as `Date.now()`, at most the ±8.64e15 of a Date; needed where rules have times. */
  readonly now?: number;
  /** Minutes east of UTC, -1440 to 1440, in which the rules' times are meant; 0 unless given. */
  readonly utcOffset?: number;
}

export interface PolicyProbe extends PolicyFlow {
  /** Index in `apps`. */
  readonly app: number;
  readonly protocol: PolicyProtocol;
  readonly port: number;
}

/** The conditions that a rule may have, in the order of their bits in an image. */
export const POLICY_CONDITIONS = [
  'users',
  'groups',
  'ous',
  'apps',
  'tags',
  'destinations',
  'ports',
  'methods',
  'posture',
  'os',
  'networks',
  'activities',
  'sources',
  'times',
] as const satisfies readonly (keyof PolicyRuleInput)[];

export type PolicyCondition = (typeof POLICY_CONDITIONS)[number];

/** Why a decision came out as it did. */
export interface PolicyReason {
  /** Index of the deciding rule, -1 where none matched. */
  readonly rule: number;
  /** The conditions that the rule has and that therefore held; none for a rule that matches everything. */
  readonly conditions: readonly PolicyCondition[];
}
