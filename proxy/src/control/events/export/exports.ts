import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CausewayError } from '@causeway/contract';
import { parseHostPort, type EventExport } from '../../../config/schema.ts';
import { EventSpill } from '../../../delivery/event-spill.ts';
import type { EventRecord } from '../../../rpc/messages.ts';
import type { Health } from '../../health.ts';
import { Exporter } from './exporter.ts';
import { FileSink } from './file-sink.ts';
import type { Sink } from './sink.ts';
import { SyslogSink } from './syslog-sink.ts';
import { WebhookSink } from './webhook-sink.ts';

export interface ExportsOptions {
  /** Where events that a sink does not take are written beside. */
  readonly folder: string;
  readonly health: Pick<Health, 'set' | 'remove'>;
  readonly count: (name: string, result: 'delivered' | 'dropped', count: number) => void;
  readonly now: () => number;
}

interface Running {
  readonly said: string;
  readonly exporter: Exporter;
}

const MIN_SECRET = 16;

/** The exports that the configuration names, each with a queue of its own: none waits for another. */
export class Exports {
  readonly #options: ExportsOptions;
  readonly #running = new Map<string, Running>();
  /** That could not begin. */
  readonly #failed = new Set<string>();

  constructor(options: ExportsOptions) {
    this.#options = options;
  }

  push(events: readonly EventRecord[]): void {
    for (const { exporter } of this.#running.values()) exporter.push(events);
  }

  /** Begins what is new, ends what is gone, and leaves alone what is as it was. One that cannot begin is degraded. */
  async use(wanted: readonly EventExport[]): Promise<void> {
    const { health } = this.#options;
    for (const name of this.#failed) health.remove(`export ${name}`);
    this.#failed.clear();
    for (const [name, { said, exporter }] of this.#running) {
      if (wanted.some((one) => JSON.stringify(one) === said)) continue;
      this.#running.delete(name);
      health.remove(`export ${name}`);
      await exporter.close();
    }
    for (const one of wanted) {
      if (this.#running.has(one.name)) continue;
      try {
        const exporter = this.#start(one.name, await this.#sink(one));
        this.#running.set(one.name, { said: JSON.stringify(one), exporter });
      } catch (error) {
        this.#failed.add(one.name);
        health.set(`export ${one.name}`, 'degraded', error instanceof Error ? error.message : String(error));
      }
    }
  }

  async close(): Promise<void> {
    await this.use([]);
  }

  #start(name: string, sink: Sink): Exporter {
    const { folder, health, count } = this.#options;
    return new Exporter({
      sink,
      spill: new EventSpill(join(folder, `export-${name}.ndjson`)),
      onDelivered: (events) => count(name, 'delivered', events),
      onDropped: (events) => {
        if (events > 0) count(name, 'dropped', events);
      },
      onState: (failure) => health.set(`export ${name}`, failure === null ? 'ok' : 'degraded', failure ?? 'delivers'),
    });
  }

  async #sink(one: EventExport): Promise<Sink> {
    if (one.type === 'file') return new FileSink(one);
    const ca = one.ca === undefined ? {} : { ca: await readFile(one.ca, 'utf8') };
    if (one.type === 'syslog') {
      const server = parseHostPort(one.server);
      if (server === null) throw new CausewayError('CW_CONFIG_INVALID', `${one.server} is no host:port`);
      return new SyslogSink({ ...server, ...ca });
    }
    const secret = (await readFile(one.secret, 'utf8')).trim();
    if (secret.length < MIN_SECRET) {
      throw new CausewayError('CW_CONFIG_INVALID', `the secret has fewer than ${MIN_SECRET} characters`);
    }
    return new WebhookSink({ url: one.url, secret, ...ca, now: this.#options.now });
  }
}
