import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { CORE_ERRORS, CoreError } from './errors.ts';

it('every code is a CW_CORE_ one, has a text, and stands in the README with it', async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  for (const [code, { text }] of Object.entries(CORE_ERRORS)) {
    expect(code).toMatch(/^CW_CORE_[A-Z]+$/);
    expect(readme).toContain(`\`${code}\``);
    expect(readme).toContain(text);
  }
  const known = new Set(readme.match(/CW_CORE_[A-Z]+/g));
  expect([...known].toSorted()).toEqual(Object.keys(CORE_ERRORS).toSorted());
});

it('says its text unless given a message, and whether to try again', () => {
  expect(new CoreError('CW_CORE_SESSIONS')).toMatchObject({
    name: 'CoreError',
    code: 'CW_CORE_SESSIONS',
    message: CORE_ERRORS.CW_CORE_SESSIONS.text,
    retryable: true,
  });
  expect(new CoreError('CW_CORE_IMAGE', 'why')).toMatchObject({ message: 'why', retryable: false });
});
