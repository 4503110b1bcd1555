import { randomBytes } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { CausewayError } from '@causeway/contract';

/** Who a publisher or device is, after it enrolled. Holds its private key: kept in a file of mode 0600, never logged. */
export interface Identity {
  readonly id: string;
  readonly name: string;
  readonly kind: 'publisher' | 'device';
  /** PEM, PKCS#8. */
  readonly key: string;
  /** PEM. */
  readonly certificate: string;
  /** PEM, the deployment's CA, one or two certificates. */
  readonly ca: string;
  /** `host:port` of the PoP. */
  readonly pop: string;
  readonly tunnelDomain: string;
}

const FIELDS = ['id', 'name', 'key', 'certificate', 'ca', 'pop', 'tunnelDomain'] as const;

/** @returns null when there is no such file; throws `CW_CONFIG_INVALID` for one that holds no identity */
export async function loadIdentity(file: string): Promise<Identity | null> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw new CausewayError('CW_DATA_UNUSABLE', `${file} cannot be read`, { cause: error });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = null; // the parser's message would quote the file
  }
  if (!isIdentity(value))
    throw new CausewayError('CW_CONFIG_INVALID', `${file} does not hold an identity; enrol again`);
  return value;
}

/** Replaces the file whole or not at all, also when the machine stops in the middle. */
export async function saveIdentity(file: string, identity: Identity): Promise<void> {
  const temporary = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    const handle = await open(temporary, 'wx', 0o600);
    try {
      await handle.writeFile(`${JSON.stringify(identity, null, 2)}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw new CausewayError('CW_DATA_UNUSABLE', `${file} cannot be written`, { cause: error });
  }
}

function isIdentity(value: unknown): value is Identity {
  if (typeof value !== 'object' || value === null) return false;
  const record: Record<string, unknown> = { ...value };
  return (
    FIELDS.every((field) => typeof record[field] === 'string') &&
    (record['kind'] === 'publisher' || record['kind'] === 'device')
  );
}
