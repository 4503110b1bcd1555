import { open } from 'node:fs/promises';
import { CausewayError } from '@causeway/contract';

const MAX_BYTES = 4_096;

/**
 * The API token: what is in the file that `--token` names, else `CAUSEWAY_TOKEN`, else `null`. Never from the command
 * line itself, which every user of the machine can read while the program runs.
 *
 * @throws CausewayError `CW_USAGE`; no message has the token in it
 */
export async function bearerToken(
  file: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string | null> {
  if (file !== undefined) return checked(await privateText(file), file);
  const text = environment['CAUSEWAY_TOKEN'];
  return text === undefined || text === '' ? null : checked(text, 'CAUSEWAY_TOKEN');
}

async function privateText(file: string): Promise<string> {
  if (/^cw[a-z]_/.test(file)) {
    throw new CausewayError(
      'CW_USAGE',
      '--token names a file: others on this machine could read a token on the command line. Use a file of mode 0600, or CAUSEWAY_TOKEN, and revoke this token',
    );
  }
  let handle;
  try {
    handle = await open(file, 'r');
  } catch (error) {
    throw new CausewayError('CW_USAGE', `${file} cannot be read: ${String(error)}`, { cause: error });
  }
  try {
    // Of what is open, not of the name: what it names may be changed in between.
    const { mode, size } = await handle.stat();
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      throw new CausewayError('CW_USAGE', `others can read the token in ${file}; chmod 600 ${file}`);
    }
    if (size > MAX_BYTES) throw new CausewayError('CW_USAGE', `${file} holds no token`);
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}

function checked(text: string, from: string): string {
  const token = text.trim();
  if (!/^[\w.~+/-]{1,200}=*$/.test(token)) throw new CausewayError('CW_USAGE', `${from} holds no token`);
  return token;
}
