/**
 * What is open in this process, for metrics and for leak tests, which assert zero at their end.
 * `sessions`: mux sessions not closed; `streams`: streams not closed; `sockets`: transports under a tunnel, not closed.
 */
export const tunnelCounters: { sessions: number; streams: number; sockets: number } = {
  sessions: 0,
  streams: 0,
  sockets: 0,
};
