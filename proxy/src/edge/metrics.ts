import { tunnelCounters } from '@causeway/tunnel';
import { collectDefaultMetrics, Counter, Gauge, Histogram, register } from 'prom-client';

/** What one edge worker counts. The supervisor adds the workers up. */
export class EdgeMetrics {
  readonly #requests = new Counter({
    name: 'causeway_requests_total',
    help: 'Browser requests that ended, by the first digit of their status.',
    labelNames: ['class'],
  });
  readonly #classes = ['0', '1', '2', '3', '4', '5'].map((digit) => this.#requests.labels(`${digit}xx`));
  readonly #seconds = new Histogram({
    name: 'causeway_request_duration_seconds',
    help: 'From the head of a request to the end of its answer.',
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
  });
  readonly flows = new Counter({
    name: 'causeway_flows_total',
    help: 'Agent flows, by outcome.',
    labelNames: ['outcome'],
  });
  readonly cuts = new Counter({
    name: 'causeway_cuts_total',
    help: 'Open streams that were ended because access ended.',
    labelNames: ['kind'],
  });
  readonly refused = new Counter({
    name: 'causeway_connections_refused_total',
    help: 'Connections refused before or during the TLS handshake.',
    labelNames: ['reason'],
  });
  readonly dropped = new Counter({
    name: 'causeway_events_dropped_total',
    help: 'Events that were lost for lack of room.',
  });
  readonly snapshotsRefused = new Counter({
    name: 'causeway_snapshots_refused_total',
    help: 'Snapshots that did not compile here.',
  });

  constructor(gauges: Readonly<Record<string, { readonly help: string; readonly read: () => number }>>) {
    collectDefaultMetrics();
    for (const [name, gauge] of Object.entries(gauges)) addGauge(name, gauge.help, gauge.read);
    addGauge('causeway_tunnel_sessions', 'Mux sessions open.', () => tunnelCounters.sessions);
    addGauge('causeway_tunnel_streams', 'Mux streams open.', () => tunnelCounters.streams);
    addGauge('causeway_tunnel_sockets', 'Transports under a tunnel open.', () => tunnelCounters.sockets);
  }

  request(status: number, milliseconds: number): void {
    this.#classes[Math.trunc(status / 100)]?.inc();
    this.#seconds.observe(milliseconds / 1_000);
  }

  async json(): Promise<object[]> {
    return register.getMetricsAsJSON();
  }
}

function addGauge(name: string, help: string, read: () => number): void {
  const gauge: Gauge = new Gauge({ name, help, collect: () => gauge.set(read()) });
}
