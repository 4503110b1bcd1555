import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { configJsonSchema } from './json-schema.ts';

test('the committed JSON Schema is that of the code', async () => {
  const committed = await readFile(new URL('../../causeway.schema.json', import.meta.url), 'utf8');
  expect(committed).toBe(configJsonSchema());
});
