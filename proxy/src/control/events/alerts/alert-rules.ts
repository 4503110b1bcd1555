export interface AlertRule {
  readonly severity: 'warning' | 'critical';
  /** It lasts until its reason is gone, and ends by itself; else it happens, and again. */
  readonly lasting: boolean;
  /** What it means, for docs/events.md, which a test compares. */
  readonly means: string;
  /** A lasting one is raised when it was so for this time. */
  readonly afterMs: number;
}

const HALF_A_MINUTE = 30_000;

/** Everything that raises an alert. */
export const ALERT_RULES = {
  'break-glass': {
    severity: 'critical',
    lasting: false,
    afterMs: 0,
    means: 'a break-glass owner was made, or did something',
  },
  'certificate-ends': {
    severity: 'warning',
    lasting: true,
    afterMs: 0,
    means: 'a certificate that browsers or peers see ends within 7 days, or has ended',
  },
  'events-dropped': {
    severity: 'critical',
    lasting: false,
    afterMs: 0,
    means: 'events found no place, in an edge or an export, and are lost',
  },
  'export-failing': {
    severity: 'warning',
    lasting: true,
    afterMs: HALF_A_MINUTE,
    means: 'an export has not delivered for 30 s; its events are kept beside',
  },
  'login-failures': {
    severity: 'warning',
    lasting: false,
    afterMs: 0,
    means: 'twenty logins from one address failed within five minutes',
  },
  'publisher-lost': {
    severity: 'critical',
    lasting: true,
    afterMs: HALF_A_MINUTE,
    means: 'an enrolled publisher has had no tunnel to this PoP for 30 s',
  },
  'snapshot-behind': {
    severity: 'critical',
    lasting: true,
    afterMs: HALF_A_MINUTE,
    means: 'an edge worker has not taken the published configuration for 30 s',
  },
  'store-lost': {
    severity: 'critical',
    lasting: false,
    afterMs: 0,
    means: 'the store did not answer; raised when it does again',
  },
} as const satisfies Record<string, AlertRule>;

export type AlertRuleName = keyof typeof ALERT_RULES;

export const ALERT_RULE_NAMES = Object.keys(ALERT_RULES) as [AlertRuleName, ...AlertRuleName[]];
