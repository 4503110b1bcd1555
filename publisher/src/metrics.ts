import { Counter, Gauge, type Registry } from 'prom-client';

/** Base units, one registry per publisher so that tests and programs that run two do not collide. */
export class PublisherMetrics {
  readonly opened: Counter<'result'>;
  readonly open: Gauge;
  readonly bytes: Counter<'direction'>;
  readonly tunnels: Gauge;
  readonly redials: Counter<'code'>;

  constructor(registry: Registry) {
    const registers = [registry];
    this.opened = new Counter({
      name: 'causeway_publisher_opens_total',
      help: 'Streams that the PoP began, by ok or the code they were refused with',
      labelNames: ['result'],
      registers,
    });
    this.open = new Gauge({ name: 'causeway_publisher_open_streams', help: 'Streams stitched now', registers });
    this.bytes = new Counter({
      name: 'causeway_publisher_stream_bytes_total',
      help: 'Payload of ended streams: up is towards the app',
      labelNames: ['direction'],
      registers,
    });
    this.tunnels = new Gauge({ name: 'causeway_publisher_tunnels', help: 'Tunnels that are up', registers });
    this.redials = new Counter({
      name: 'causeway_publisher_tunnel_downs_total',
      help: 'Tunnels that ended and attempts that failed, by code',
      labelNames: ['code'],
      registers,
    });
  }
}
