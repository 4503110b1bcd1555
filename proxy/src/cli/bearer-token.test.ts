import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bearerToken } from './bearer-token.ts';

const TOKEN = `cwt_${'a-_9'.repeat(10)}xyz`;

describe('bearerToken', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'causeway-token-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const file = async (text: string, mode: number): Promise<string> => {
    const path = join(folder, `token-${mode.toString(8)}-${text.length}`);
    await writeFile(path, text);
    await chmod(path, mode);
    return path;
  };

  it('is in the file, before the environment; in neither it is absent', async () => {
    expect(await bearerToken(await file(`${TOKEN}\n`, 0o600), { CAUSEWAY_TOKEN: 'other' })).toBe(TOKEN);
    expect(await bearerToken(undefined, { CAUSEWAY_TOKEN: TOKEN })).toBe(TOKEN);
    expect(await bearerToken(undefined, { CAUSEWAY_TOKEN: '' })).toBeNull();
    expect(await bearerToken(undefined, {})).toBeNull();
  });

  it.skipIf(process.platform === 'win32').each([0o640, 0o604, 0o660])('is not read from mode %o', async (mode) => {
    await expect(bearerToken(await file(TOKEN, mode), {})).rejects.toMatchObject({
      code: 'CW_USAGE',
      message: expect.stringContaining('chmod 600'),
    });
  });

  it('is never taken from the command line, nor said again', async () => {
    const refused = await bearerToken(TOKEN, {}).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'CW_USAGE' });
    expect(String(refused)).not.toContain(TOKEN);
  });

  it.each(['', 'two words', 'a\r\nx-header: b', 'x'.repeat(5_000)])('is not %j', async (text) => {
    const refused = await bearerToken(await file(text, 0o600), {}).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'CW_USAGE', message: expect.stringContaining('holds no token') });
  });
});
