/** Limits that both ends of a wire rely on. Bytes, counts and milliseconds, as the names say. */
export const LIMITS = {
  /** A browser's ClientHello: one that has not ended by then is refused (a post-quantum hello is about 1.6 KB). */
  clientHelloBytes: 16 * 1024,
  clientHelloMs: 5_000,
  requestHeadBytes: 64 * 1024,
  requestHeaders: 200,
  requestHeadMs: 15_000,
  /** Idle keep-alive connections of browsers. */
  keepAliveMs: 65_000,
  /** How long an app may take for the head of its answer. */
  upstreamHeadMs: 60_000,
  upstreamIdlePerApp: 64,

  openHeaderBytes: 4 * 1024,
  openHeaderMs: 10_000,
  controlMessageBytes: 1024 * 1024,
  streamsPerTunnel: 16_384,
  initialWindowBytes: 256 * 1024,
  maxWindowBytes: 16 * 1024 * 1024,
  keepAliveIntervalMs: 10_000,
  keepAliveTimeoutMs: 10_000,
  connectMs: 10_000,
  drainMs: 30_000,

  samlResponseBytes: 256 * 1024,
  sessionHours: 8,
  graceMinutes: 15,
  ticketMs: 30_000,
  preLoginMs: 10 * 60_000,
  joinTokenMs: 24 * 3_600_000,
  deviceCodeMs: 10 * 60_000,
  certificateDays: 7,
} as const;
