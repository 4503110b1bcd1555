import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { redacted } from './redacted.ts';

test.each([
  ['4111 1111 1111 1111', '•••• •••• •••• 1111'],
  ['DE89 3704', '•••• ••04'],
  ['abc', '•••'],
  ['', ''],
  ['Müller\u202e', '•••••r '],
])('%j is shown as %j', (find, shown) => {
  expect(redacted(find)).toBe(shown);
});

test('never tells more than four characters, or a quarter, and is never long', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (find) => {
      const shown = redacted(find);
      const telling = (text: string): number => Array.from(text).filter((one) => /[\p{L}\p{N}]/u.test(one)).length;
      expect(telling(shown)).toBeLessThanOrEqual(Math.min(4, telling(find) / 4));
      expect(Array.from(shown).length).toBeLessThanOrEqual(80);
    }),
  );
});
