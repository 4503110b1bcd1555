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
