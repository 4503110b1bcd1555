export type PolicyProtocol = 'tcp' | 'udp';
export type PolicyMethod = 'browser' | 'agent';

export interface PolicyInput {
  /** Names are unique; an app's index in this list is what `decide` takes. */
  readonly apps: readonly { readonly name: string; readonly tags: readonly string[] }[];
  /** In order: the first that matches decides. */
  readonly rules: readonly PolicyRuleInput[];
}

/**
 * An absent condition matches everything; a present one matches when any of its entries does, so an empty one never
 * does. All present conditions must match. What names an unknown app, or a tag that no app has, never matches.
 */
export interface PolicyRuleInput {
  readonly users?: readonly string[];
  readonly groups?: readonly string[];
  readonly apps?: readonly string[];
  readonly tags?: readonly string[];
  /** Both ends included, 0 to 65535. */
  readonly ports?: readonly { readonly protocol: PolicyProtocol; readonly from: number; readonly to: number }[];
  readonly methods?: readonly PolicyMethod[];
}

/** Who asks. Names are compared exactly: case and Unicode form are the caller's to settle. */
export interface PolicySubject {
  readonly user: string;
  readonly groups: readonly string[];
  readonly method: PolicyMethod;
}

export interface PolicyProbe {
  /** Index in `apps`. */
  readonly app: number;
  readonly protocol: PolicyProtocol;
  readonly port: number;
}
