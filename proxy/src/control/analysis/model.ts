import type { AccessMethod } from '@causeway/contract';

/** A rule that can never decide. */
export interface ShadowedPolicyRule {
  readonly rule: string;
  /** The earlier rule that matches whatever this one does; `null` where nothing can satisfy the rule itself. */
  readonly by: string | null;
}

/** A person as rules see one. */
export interface PrincipalSketch {
  readonly user: string;
  readonly groups: readonly string[];
  /** Path of the organisational unit; absent where none is known. */
  readonly ou?: string | undefined;
}

export interface ImpactArguments {
  /** Whose access is compared; people that no rule tells apart cost no more than one of them. At most 10,000. */
  readonly principals: readonly PrincipalSketch[];
  /** Changes 1 to 500. */
  readonly limit: number;
  readonly cursor?: string;
  /** The address that they all come from. Without one nothing is allowed by a policy whose rules ask for it. */
  readonly from?: string | undefined;
  /** As of when, in milliseconds since 1970; now where absent. */
  readonly at?: number | undefined;
}

export interface Decision {
  readonly action: 'allow' | 'block';
  /** `null` is the default. */
  readonly rule: string | null;
  /** Whether the person is told; otherwise a block looks like an app that does not exist. */
  readonly notice: boolean;
}

/** What a draft means to people whom no rule tells apart, at some hosts and ports of one app. */
export interface ImpactChange {
  /** How many of the principals, and the first few of them. */
  readonly people: number;
  readonly users: readonly string[];
  readonly app: string;
  readonly method: AccessMethod;
  /** Hosts of the app, as it has them, within which this is so somewhere; its upstream's host is one of them. */
  readonly hosts: readonly string[];
  /** `tcp/443`, `tcp/8000-8010`. */
  readonly ports: readonly string[];
  readonly effect: 'gains' | 'loses' | 'told otherwise';
  /** By the snapshot in force, and by the draft. */
  readonly before: Decision;
  readonly after: Decision;
}

export interface ImpactPage {
  readonly items: readonly ImpactChange[];
  /** Also where a page has few items or none, because its work was enough; `null` at the end. */
  readonly next: string | null;
  /** Kinds of people that were told apart. */
  readonly classes: number;
}
