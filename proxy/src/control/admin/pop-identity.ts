import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';

/** Which PoP this is: made once, kept in its data folder. */
export function popIdentity(dataDir: string): { readonly id: string; readonly name: string } {
  const file = join(dataDir, 'pop-id');
  const name = hostname().slice(0, 255);
  try {
    const known = readFileSync(file, 'utf8').trim();
    if (/^pop_[\w-]{22}$/.test(known)) return { id: known, name };
  } catch {
    // There is none yet.
  }
  const id = `pop_${randomBytes(16).toString('base64url')}`;
  writeFileSync(file, `${id}\n`, { mode: 0o600 });
  return { id, name };
}
