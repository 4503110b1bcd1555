export const INCIDENT_STATES = ['open', 'in-review', 'closed', 'false-positive'] as const;
export const SEVERITIES = ['low', 'medium', 'high', 'critical'] as const;

/** What one data identifier found. */
export interface IncidentMatch {
  readonly identifier: string;
  readonly count: number;
  /** Some of them, redacted. */
  readonly excerpts: readonly string[];
}

/** What inspection hands over. */
export interface FoundIncident {
  readonly at: number;
  /** Of the request or flow. */
  readonly decision: string;
  readonly user: string | null;
  readonly device: string | null;
  readonly app: string | null;
  readonly direction: 'upload' | 'download';
  readonly profile: string;
  readonly rule: string | null;
  readonly action: 'alert' | 'block';
  readonly severity: (typeof SEVERITIES)[number];
  /** Excerpts as they were found: they are redacted before anything is kept. */
  readonly matches: readonly IncidentMatch[];
  readonly file: {
    readonly name: string;
    readonly type: string;
    /** Bytes. */
    readonly size: number;
    /** 64 hex digits. */
    readonly sha256: string;
  } | null;
  /** Names what was kept of it, sealed; `null` where nothing was. */
  readonly evidence: string | null;
}

/** As people see and work on it. */
export interface Incident extends Omit<FoundIncident, 'file'> {
  readonly id: string;
  readonly file: {
    /** `null` where privacy takes it away. */
    readonly name: string | null;
    readonly type: string;
    readonly size: number;
    readonly sha256: string;
  } | null;
  readonly state: (typeof INCIDENT_STATES)[number];
  readonly assignee: string | null;
  readonly notes: readonly { readonly at: number; readonly by: string; readonly text: string }[];
  readonly updatedAt: number;
  readonly updatedBy: string;
  readonly revision: number;
}

export interface IncidentChange {
  readonly state?: Incident['state'] | undefined;
  readonly severity?: Incident['severity'] | undefined;
  /** `null`: nobody. */
  readonly assignee?: string | null | undefined;
  /** Added to those that are there. */
  readonly note?: string | undefined;
  readonly by: string;
  readonly ifRevision: number | undefined;
}

export interface IncidentQuery {
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly sort: string;
  readonly decision?: string | undefined;
  readonly user?: string | undefined;
  readonly app?: string | undefined;
  readonly profile?: string | undefined;
  readonly state?: Incident['state'] | undefined;
  readonly severity?: Incident['severity'] | undefined;
  readonly direction?: Incident['direction'] | undefined;
  readonly action?: Incident['action'] | undefined;
  readonly assignee?: string | undefined;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}
