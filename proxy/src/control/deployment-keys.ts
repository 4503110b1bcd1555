import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ControlStart } from '../rpc/supervision.ts';
import { openCa, type Ca } from './ca/ca.ts';
import { masterKeyPlace, openSecrets } from './sealing/open-secrets.ts';
import type { SealedSecrets } from './sealing/sealed-secrets.ts';
import type { Database } from './store/database.ts';

/** What makes this deployment this one: every key that it made for itself, sealed in the store. */
export interface DeploymentKeys {
  readonly secrets: SealedSecrets;
  readonly ca: Ca;
  /** Seals where strangers want to go, on its way through their browsers. */
  readonly intentKey: Buffer;
  /** Seals logins under way into the cookies of their browsers; edges do not have it. */
  readonly preLoginKey: Buffer;
  readonly pseudonymKey: Buffer;
}

/**
 * Opens them with the master key, makes what is not there yet, and puts the CA's certificate into the data folder.
 *
 * @throws CausewayError as `openSecrets`
 */
export async function openDeploymentKeys(
  database: Database,
  { dataDir, masterKey }: Pick<ControlStart, 'dataDir' | 'masterKey'>,
  now: () => number,
): Promise<DeploymentKeys> {
  const secrets = await openSecrets({ database, place: masterKeyPlace(dataDir, masterKey), now });
  const ca = await openCa(secrets, now);
  writeFileSync(join(dataDir, 'ca.pem'), ca.certificate, { mode: 0o644 });
  const key = async (name: string): Promise<Buffer> =>
    Buffer.from(await secrets.secret(name, () => randomBytes(32).toString('base64')), 'base64');
  return {
    secrets,
    ca,
    intentKey: await key('intent-key'),
    preLoginKey: await key('pre-login-key'),
    pseudonymKey: await key('event-pseudonyms'),
  };
}
