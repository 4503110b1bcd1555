import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemFacts } from '@causeway/contract';
import { expect, test } from 'vitest';
import { readSystemFacts } from './system-facts.ts';

test('a machine says what it is, and its id only as a hash', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'causeway-facts-'));
  const file = async (name: string, text: string): Promise<string> => {
    await writeFile(join(folder, name), text);
    return join(folder, name);
  };
  const facts = await readSystemFacts({
    release: await file('os-release', 'NAME=x\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n'),
    machineId: await file('machine-id', '0123456789abcdef0123456789abcdef\n'),
    model: await file('product_name', `${'M'.repeat(500)}\n`),
  });
  await rm(folder, { recursive: true });
  expect(systemFacts.parse(facts)).toEqual(facts);
  expect(facts.osVersion).toMatch(/^Debian GNU\/Linux 12 \(bookworm\), /);
  expect(facts.model).toBe('M'.repeat(100));
  expect(facts.machine).toMatch(/^[0-9a-f]{64}$/);
  expect(facts.machine).not.toContain('0123456789abcdef');
});

test('what a system does not say is empty', async () => {
  const facts = await readSystemFacts({ release: '/nowhere', machineId: '/nowhere', model: '/nowhere' });
  expect(facts).toMatchObject({ model: '', machine: '' });
  expect(facts.osVersion).not.toBe('');
});
