/** What this package says to a log. A pino logger is one; so is whatever a test collects in. */
export interface TunnelLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}
