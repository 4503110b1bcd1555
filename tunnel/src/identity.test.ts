import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Identity, loadIdentity, saveIdentity } from './identity.ts';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'causeway-identity-'));
  file = join(folder, 'identity.json');
});
afterEach(() => rm(folder, { recursive: true }));

const identity: Identity = {
  id: 'p_1',
  name: 'corp',
  kind: 'publisher',
  key: 'KEY-TEXT',
  certificate: 'certificate',
  ca: 'ca',
  pop: 'pop.test:8443',
  tunnelDomain: 'tunnel.pop.test',
};

it('saves and loads, readable by its owner alone, leaving nothing beside it', async () => {
  expect(await loadIdentity(file)).toBeNull();
  await writeFile(file, 'older', { mode: 0o644 });
  await saveIdentity(file, identity);
  expect(await loadIdentity(file)).toEqual(identity);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await readdir(folder)).toEqual(['identity.json']);
});

it.each(['', '[]', '{"id":"x"}', '{"key":"KEY-TEXT"'])('refuses %j without quoting it', async (text) => {
  await writeFile(file, text);
  const error: unknown = await loadIdentity(file).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'CW_CONFIG_INVALID' });
  expect(String(error)).not.toContain('KEY-TEXT');
});

it('says so and leaves the old one when it cannot write', async () => {
  await expect(saveIdentity(join(folder, 'missing', 'identity.json'), identity)).rejects.toMatchObject({
    code: 'CW_DATA_UNUSABLE',
  });
  await saveIdentity(file, identity);
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(identity);
});
