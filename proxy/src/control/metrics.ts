import { Counter, Gauge, Registry } from 'prom-client';

/** The control process's metrics, in a registry of its own so that one process can run two in a test. */
export interface ControlMetrics {
  readonly registry: Registry;
  readonly logins: Counter<'result'>;
  readonly events: Counter;
  readonly exported: Counter<'export' | 'result'>;
}

export interface ControlGauges {
  readonly edges: () => number;
  readonly edgesDropped: () => number;
  readonly epoch: () => number;
  readonly cut: () => number;
  readonly snapshot: () => number;
  readonly connections: () => number;
  /** `lostSeconds`: since the start. */
  readonly store: { readonly lostMs: number | null; readonly lostSeconds: number };
}

export function controlMetrics(gauges: ControlGauges): ControlMetrics {
  const registry = new Registry();
  const registers = [registry];
  const gauge = (name: string, help: string, read: () => number): void => {
    const made: Gauge = new Gauge({ name, help, registers, collect: () => made.set(read()) });
  };
  gauge('causeway_control_edges', 'Edge workers that are connected to control.', gauges.edges);
  gauge(
    'causeway_control_edges_dropped',
    'Edges dropped because they did not acknowledge a push.',
    gauges.edgesDropped,
  );
  gauge('causeway_control_revocation_epoch', 'Epoch of the revocation feed.', gauges.epoch);
  gauge('causeway_control_snapshot', 'Number of the published configuration.', gauges.snapshot);
  gauge('causeway_control_connections', 'Open connections to the login host.', gauges.connections);
  gauge('causeway_store_up', 'Whether the store answers and takes writes: 1 or 0.', () =>
    gauges.store.lostMs === null ? 1 : 0,
  );
  let lost = 0;
  const lostSeconds: Counter = new Counter({
    name: 'causeway_store_lost_seconds_total',
    help: 'Seconds in which the store did not answer.',
    registers,
    collect: () => {
      const now = gauges.store.lostSeconds;
      lostSeconds.inc(Math.max(0, now - lost));
      lost = Math.max(lost, now);
    },
  });
  let counted = 0;
  const cut: Counter = new Counter({
    name: 'causeway_control_cut_total',
    help: 'Streams and tunnels that edges cut because access was ended.',
    registers,
    collect: () => {
      const now = gauges.cut();
      cut.inc(now - counted);
      counted = now;
    },
  });
  return {
    registry,
    logins: new Counter({
      name: 'causeway_control_logins_total',
      help: 'Logins by result: ok or the code of the refusal.',
      labelNames: ['result'],
      registers,
    }),
    events: new Counter({ name: 'causeway_control_events_total', help: 'Events stored.', registers }),
    exported: new Counter({
      name: 'causeway_control_exported_events_total',
      help: 'Events exported, by export and result: delivered or dropped for lack of room.',
      labelNames: ['export', 'result'],
      registers,
    }),
  };
}
