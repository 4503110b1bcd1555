import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { objectsIn } from './object-files.ts';

describe('objectsIn', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'causeway-objects-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const write = async (name: string, text: string): Promise<string> => {
    const path = join(folder, name);
    await mkdir(join(path, '..'), { recursive: true });
    await writeFile(path, text);
    return path;
  };
  const rule = (name: string): string => `kind: rules\nname: ${name}\nspec: { action: allow }\n`;

  it('reads a folder and what is below it by name, and nothing hidden or of another sort', async () => {
    await write('20-b.yaml', rule('b'));
    await write('10/z.yml', rule('z'));
    await write('30.json', JSON.stringify({ kind: 'rules', name: 'j', spec: {} }));
    await write('.git/x.yaml', rule('hidden'));
    await write('.swp.yaml', rule('hidden'));
    await write('notes.md', '# no objects\n');
    expect((await objectsIn([folder])).map(({ name }) => name)).toEqual(['z', 'b', 'j']);
  });

  it('takes several places in their order', async () => {
    const [b, a] = [await write('b.yaml', rule('b')), await write('a.txt', rule('a'))];
    expect((await objectsIn([b, a])).map(({ name }) => name)).toEqual(['b', 'a']);
  });

  it('names every problem of every file', async () => {
    await write('a.yaml', `${rule('same')}---\nkind: rule\nname: x\n`);
    await write('b.yaml', rule('same'));
    await expect(objectsIn([folder])).rejects.toMatchObject({
      code: 'CW_CONFIG_INVALID',
      message: expect.stringMatching(/^a\.yaml:5:7 kind: .*\nb\.yaml:3:7 rules\/same is at a\.yaml:3:7 already$/),
    });
  });

  it('says what is not there', async () => {
    await expect(objectsIn([join(folder, 'none')])).rejects.toMatchObject({ code: 'CW_CONFIG_MISSING' });
    await expect(objectsIn([folder])).rejects.toMatchObject({ code: 'CW_CONFIG_INVALID' });
  });
});
