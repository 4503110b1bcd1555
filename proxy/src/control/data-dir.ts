import { mkdirSync } from 'node:fs';
import { CausewayError } from '@causeway/contract';

/** Makes the data folder, for its owner alone, where it is not there. Throws `CW_DATA_UNUSABLE`. */
export function makeDataDir(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new CausewayError('CW_DATA_UNUSABLE', `${dir}: ${message}`, { cause });
  }
}
