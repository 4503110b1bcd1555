import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import type { EdgeStatus, EventRecord } from '../../rpc/messages.ts';
import type { ServerCertificates } from '../ca/web-certificates.ts';
import type { Health } from '../health.ts';
import type { Logger } from '../log.ts';
import { DEFAULT_SETTINGS, type Settings } from '../objects/kinds/settings.ts';
import type { Published } from '../published.ts';
import type { Database } from '../store/database.ts';
import type { Store } from '../store/store.ts';
import { AlertWatch } from './alerts/alert-watch.ts';
import { Alerts } from './alerts/alerts.ts';
import { EventLog } from './event-log.ts';
import { Exports } from './export/exports.ts';
import { Incidents } from './incidents/incidents.ts';
import { TailCallers } from './tail-callers.ts';

export interface EventServicesOptions {
  readonly database: Database;
  readonly dataDir: string;
  /** Of the pseudonyms, 32 bytes. */
  readonly key: Buffer;
  readonly pop: { readonly id: string; readonly name: string };
  readonly health: Health;
  readonly published: () => Published;
  /** Told what was stored, after it was. */
  readonly onStored: (events: readonly EventRecord[]) => void;
  readonly countExported: (name: string, result: 'delivered' | 'dropped', count: number) => void;
  readonly log: Logger;
  readonly now: () => number;
}

/** What an alert may be about, as control sees it at a moment. */
export interface Surroundings {
  readonly store: Pick<Store, 'publishers'>;
  readonly edges: readonly EdgeStatus[];
  readonly certificates: ServerCertificates;
}

/** Events, alerts and incidents of a control process, put together. */
export class EventServices {
  readonly #options: EventServicesOptions;
  readonly #ends = new Map<string, number>();
  readonly eventLog: EventLog;
  readonly exports: Exports;
  readonly tails: TailCallers;
  readonly alerts: Alerts;
  readonly incidents: Incidents;
  readonly watch: AlertWatch;

  constructor(options: EventServicesOptions) {
    this.#options = options;
    const { database, key, pop, health, log, now } = options;
    const privacy = (): Settings['events'] => this.#settings();
    this.exports = new Exports({
      folder: join(options.dataDir, 'spill'),
      health,
      count: (name, result, count) => {
        options.countExported(name, result, count);
        if (result === 'dropped') this.watch.dropped(`export ${name}`, count);
      },
      now,
    });
    const onStored = (events: readonly EventRecord[]): void => {
      options.onStored(events);
      this.exports.push(events);
    };
    this.eventLog = new EventLog({ database, key, privacy, onStored, now });
    this.tails = new TailCallers(this.eventLog);
    this.alerts = new Alerts({ database, eventLog: this.eventLog, now });
    this.incidents = new Incidents({ database, eventLog: this.eventLog, privacy, key, now });
    this.watch = new AlertWatch({ alerts: this.alerts, pop, log, now });
  }

  /** Looks whether something is to be raised, or has ended. */
  async look({ store, edges, certificates }: Surroundings): Promise<void> {
    const { health, published } = this.#options;
    const { snapshot, objects } = published();
    const components = health.components();
    const answers = components.every(({ name, state }) => name !== 'store' || state === 'ok');
    const tunnels = new Set(edges.flatMap(({ publishers }) => publishers.map(({ name }) => name)));
    const enrolled = answers ? (await store.publishers()).filter(({ revokedAt }) => revokedAt === null) : [];
    const lost = snapshot.publishers.filter((name) => !tunnels.has(name) && enrolled.some((one) => one.name === name));
    await this.watch.look({
      store: answers,
      publishersLost: lost,
      exportsFailing: components
        .filter(({ name, state }) => name.startsWith('export ') && state !== 'ok')
        .map(({ name, detail }) => ({ name: name.slice('export '.length), detail })),
      workersBehind: edges.filter((edge) => edge.snapshot < snapshot.number),
      certificates: [
        { name: 'access', notAfter: this.#endOf(certificates.access.cert) },
        { name: 'identity', notAfter: this.#endOf(certificates.identity.cert) },
        { name: 'tunnel', notAfter: this.#endOf(certificates.tunnel.cert) },
        ...objects.certificates.map(({ name, chain }) => ({ name, notAfter: this.#endOf(chain) })),
      ],
      dropped: edges.map(({ worker, pid, eventsDropped }) => ({
        from: `worker ${worker} (${pid})`,
        count: eventsDropped,
      })),
    });
  }

  /** Forgets what is too old. */
  async sweep(): Promise<void> {
    const { retentionDays: days, maxEvents } = this.#settings();
    await this.eventLog.sweep({ days, maxEvents });
    await this.alerts.sweep();
  }

  /** Nobody follows any more; exports go on. */
  endFollowing(): void {
    this.eventLog.close();
  }

  #settings(): Settings['events'] {
    return (this.#options.published().objects.settings[0] ?? DEFAULT_SETTINGS).events;
  }

  /** Of a PEM chain its first certificate's; far away where it is none. */
  #endOf(pem: string): number {
    const known = this.#ends.get(pem);
    if (known !== undefined) return known;
    let end = Number.MAX_SAFE_INTEGER;
    try {
      end = new X509Certificate(pem).validToDate.getTime();
    } catch {
      // What cannot be read is refused where it is used.
    }
    if (this.#ends.size >= 1_000) this.#ends.clear();
    this.#ends.set(pem, end);
    return end;
  }
}
