import { resolve } from 'node:path';
import { loadConfig } from '../config/load.ts';
import { masterKeyPlace, type MasterKeyPlace } from '../control/sealing/open-secrets.ts';
import { dataDir } from './arguments.ts';

/** Of verbs that open the store themselves. */
export const STORE_OPTIONS = { config: { type: 'string' }, store: { type: 'string' } } as const;

export interface StorePlace {
  readonly data: string;
  /** URL of a PostgreSQL database; `null` for the file in the data folder. */
  readonly url: string | null;
  readonly masterKey: MasterKeyPlace;
}

/**
 * Where a PoP of this command line would have its store and its master key.
 *
 * @throws CausewayError `CW_CONFIG_MISSING`, `CW_CONFIG_INVALID`
 */
export async function storePlace(values: {
  readonly data?: string | undefined;
  readonly config?: string | undefined;
  readonly store?: string | undefined;
}): Promise<StorePlace> {
  const data = dataDir(values.data);
  const config = values.config === undefined ? null : await loadConfig(resolve(values.config), { alone: false });
  const given = values.store ?? config?.store ?? process.env['CAUSEWAY_STORE'] ?? '';
  return { data, url: given === '' ? null : given, masterKey: masterKeyPlace(data, config?.masterKey) };
}
