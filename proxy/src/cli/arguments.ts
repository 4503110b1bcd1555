import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { CausewayError } from '@causeway/contract';

type Options = NonNullable<ParseArgsConfig['options']>;

/** `parseArgs`, with our error code. */
export function parse<const O extends Options>(
  args: string[],
  options: O,
): ReturnType<typeof parseArgs<{ args: string[]; options: O; allowPositionals: true }>> {
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    throw new CausewayError('CW_USAGE', error instanceof Error ? error.message : String(error), { cause: error });
  }
}

export const DATA_AND_JSON = { data: { type: 'string' }, json: { type: 'boolean', default: false } } as const;

/** Where a PoP keeps its state: `--data`, else `CAUSEWAY_DATA`, else the user's own place for it. */
export function dataDir(given: string | undefined, name = 'pop'): string {
  const base = process.env['XDG_DATA_HOME'] ?? join(homedir(), '.local', 'share');
  return resolve(given ?? process.env['CAUSEWAY_DATA'] ?? join(base, 'causeway', name));
}

/** A whole number within bounds; throws `CW_USAGE`. */
export function number(option: string, text: string, from: number, to: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < from || value > to) {
    throw new CausewayError('CW_USAGE', `--${option} is a whole number from ${from} to ${to}, not "${text}"`);
  }
  return value;
}

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/;

/** A moment as RFC 3339 writes it, seconds optional, in milliseconds since 1970; throws `CW_USAGE`. */
export function instant(option: string, text: string): number {
  const value = INSTANT.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(value)) {
    throw new CausewayError('CW_USAGE', `--${option} is a time like 2026-11-23T08:30Z or 2026-11-23T08:30+01:00`);
  }
  return value;
}
