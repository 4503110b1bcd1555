import type { AuditEntry } from '../../admin/audit-log.ts';
import type { Logger } from '../../log.ts';
import { addressKey } from '../../portal/address-key.ts';
import { RateLimit } from '../../portal/rate-limit.ts';
import { ALERT_RULES } from './alert-rules.ts';
import type { Alerts, Raised } from './alerts.ts';

/** How things stand here and now. */
export interface Observed {
  /** Enrolled publishers without a tunnel to this PoP. */
  readonly publishersLost: readonly string[];
  /** Exports that do not deliver, with what hinders them. */
  readonly exportsFailing: readonly { readonly name: string; readonly detail: string }[];
  /** Workers on another snapshot than the published one. */
  readonly workersBehind: readonly { readonly worker: number; readonly snapshot: number }[];
  readonly certificates: readonly { readonly name: string; readonly notAfter: number }[];
  /** Whether the store answers. */
  readonly store: boolean;
  /** Events lost so far, of each edge worker since it started. */
  readonly dropped: readonly { readonly from: string; readonly count: number }[];
}

export interface AlertWatchOptions {
  readonly alerts: Pick<Alerts, 'raise' | 'resolve' | 'lasting'>;
  readonly pop: { readonly id: string; readonly name: string };
  readonly log: Logger;
  readonly now: () => number;
}

/** Less than what is left when the built-in CA's are renewed. */
const CERTIFICATE_MS = 7 * 24 * 3_600_000;
/** Twenty in five minutes: a bucket of twenty that fills again in that time. */
const LOGIN_FAILURES = { burst: 19, perSecond: 20 / 300, addresses: 10_000 };
/** Alerts that wait to be written; more of the kind say nothing new. */
const MAX_WAITING = 100;

type Lasting = Omit<Raised, 'message'>;

const keyOf = ({ rule, pop, subject }: Lasting): string => `${rule}\n${pop}\n${subject}`;

/** Turns what is observed into alerts: the one place that knows when. */
export class AlertWatch {
  readonly #options: AlertWatchOptions;
  readonly #failures: RateLimit;
  /** Since when each lasting reason has been there. */
  readonly #since = new Map<string, number>();
  /** What lives in the store; read once. */
  #raised: Map<string, Lasting> | null = null;
  readonly #dropped = new Map<string, number>();
  #storeLostAt: number | null = null;
  #waiting = 0;

  constructor(options: AlertWatchOptions) {
    this.#options = options;
    this.#failures = new RateLimit(LOGIN_FAILURES, options.now);
  }

  /** A login failed for a reason that guessing would have, too. */
  loginFailed(address: string): void {
    const subject = addressKey(address);
    if (this.#failures.take(subject)) return;
    this.#tell({
      rule: 'login-failures',
      pop: '',
      subject,
      message: 'more logins from this address fail than is usual',
    });
  }

  /** What an administrator does, or tries to. */
  audited({ actor, actorKind, action, target }: AuditEntry): void {
    if (actorKind !== 'break-glass') return;
    this.#tell({ rule: 'break-glass', pop: '', subject: 'owner', message: `${actor}: ${action} ${target}` });
  }

  dropped(from: string, count: number): void {
    const { pop } = this.#options;
    this.#tell(
      { rule: 'events-dropped', pop: pop.id, subject: from, message: `${count} events lost at ${pop.name}` },
      count,
    );
  }

  /** @throws CausewayError `CW_STORE_FAILED`; the next look makes up for it */
  async look(observed: Observed): Promise<void> {
    const { alerts, now, pop } = this.#options;
    if (!observed.store) {
      this.#storeLostAt ??= now();
      return;
    }
    this.#raised ??= new Map((await alerts.lasting(pop.id)).map((one) => [keyOf(one), one]));
    if (this.#storeLostAt !== null) {
      const seconds = Math.round((now() - this.#storeLostAt) / 1_000);
      const message = `the store did not answer ${pop.name} for ${seconds} s`;
      await alerts.raise({ rule: 'store-lost', pop: pop.id, subject: pop.name, message });
      this.#storeLostAt = null;
    }
    for (const { from, count } of observed.dropped) {
      const before = this.#dropped.get(from) ?? 0;
      this.#dropped.set(from, count);
      // A worker that was started again counts from nothing.
      if (count > before) this.dropped(from, count - before);
    }
    await this.#lasting(this.#raised, reasonsOf(observed, pop, now()));
  }

  async #lasting(raised: Map<string, Lasting>, reasons: readonly Raised[]): Promise<void> {
    const { alerts, now } = this.#options;
    const seen = new Set(reasons.map(keyOf));
    for (const key of this.#since.keys()) if (!seen.has(key)) this.#since.delete(key);
    for (const reason of reasons) {
      const key = keyOf(reason);
      const since = this.#since.get(key) ?? now();
      this.#since.set(key, since);
      if (raised.has(key) || now() - since < ALERT_RULES[reason.rule].afterMs) continue;
      await alerts.raise(reason);
      raised.set(key, reason);
    }
    for (const [key, one] of raised) {
      if (seen.has(key)) continue;
      await alerts.resolve(one);
      raised.delete(key);
    }
  }

  /** Beside whatever it came from, which does not wait for it. */
  #tell(raised: Raised, times = 1): void {
    const { alerts, log } = this.#options;
    if (this.#waiting >= MAX_WAITING) return;
    this.#waiting++;
    void alerts
      .raise(raised, times)
      .catch((error: unknown) => log.error({ err: error, ...raised }, 'an alert could not be written'))
      .finally(() => this.#waiting--);
  }
}

function reasonsOf(observed: Observed, pop: AlertWatchOptions['pop'], now: number): Raised[] {
  const here = { pop: pop.id };
  return [
    ...observed.publishersLost.map((subject) => ({
      ...here,
      rule: 'publisher-lost' as const,
      subject,
      message: `no tunnel to ${pop.name}`,
    })),
    ...observed.exportsFailing.map(({ name, detail }) => ({
      ...here,
      rule: 'export-failing' as const,
      subject: name,
      message: `at ${pop.name}: ${detail}`,
    })),
    ...observed.workersBehind.map(({ worker, snapshot }) => ({
      ...here,
      rule: 'snapshot-behind' as const,
      subject: `worker ${worker}`,
      message: `of ${pop.name} runs snapshot ${snapshot}`,
    })),
    ...observed.certificates
      .filter(({ notAfter }) => notAfter - now < CERTIFICATE_MS)
      .map(({ name, notAfter }) => ({
        ...here,
        rule: 'certificate-ends' as const,
        subject: name,
        message: `${notAfter <= now ? 'has ended' : 'ends'} at ${new Date(notAfter).toISOString()}`,
      })),
  ];
}
