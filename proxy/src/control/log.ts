import { pino, type Logger } from 'pino';

export type { Logger };

/**
 * JSON lines on standard output. What is logged are codes, ids and names; cookies, tokens, SAML and bodies never are,
 * and as a second line the usual places of a header are redacted.
 */
export function controlLog(level: string): Logger {
  return pino({
    level,
    base: { process: 'control' },
    redact: ['cookie', 'token', 'authorization', '*.cookie', '*.token', '*.authorization'],
  });
}
