import { expect, test } from 'vitest';
import { restore } from './restore.ts';

test('a word that is neither a number nor a file is told apart from a damaged backup', async () => {
  await expect(restore(['latest'])).rejects.toMatchObject({ code: 'CW_USAGE' });
});
