import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Filter } from './filter.ts';
import { parseFilter, parsePath } from './filter-parser.ts';
import { ScimError } from './scim-error.ts';

describe('a filter', () => {
  test('binds "and" closer than "or", and "not" to its parentheses', () => {
    const is = (path: string): Filter => ({ t: 'present', path });
    expect(parseFilter('a pr or b pr and c pr')).toEqual({
      t: 'or',
      left: is('a'),
      right: { t: 'and', left: is('b'), right: is('c') },
    });
    expect(parseFilter('NOT(a pr) AND (b PR oR c pr)')).toEqual({
      t: 'and',
      left: { t: 'not', filter: is('a') },
      right: { t: 'or', left: is('b'), right: is('c') },
    });
  });

  test.each<[string, unknown]>([
    ['"a \\"b\\" c"', 'a "b" c'],
    ['"\\\\"', '\\'],
    ['"\\u0041"', 'A'],
    ['"]) or (x"', ']) or (x'],
    ['""', ''],
    ['true', true],
    ['FALSE', false],
    ['null', null],
    ['-17.5', -17.5],
  ])('takes the value %s', (text, value) => {
    expect(parseFilter(`a eq ${text}`)).toEqual({ t: 'compare', path: 'a', op: 'eq', value });
  });

  test('takes an attribute named like a keyword', () => {
    expect(parseFilter('not pr and and eq "x"')).toMatchObject({
      t: 'and',
      left: { path: 'not' },
      right: { path: 'and' },
    });
  });

  test.each([
    '',
    'a',
    'a eq',
    'a eq b',
    'a eq "b',
    'a eq "b\\"',
    "a eq 'b'",
    'a eq "\\x"',
    'a eq "\\u0000"',
    'a is "b"',
    'a pr b',
    'a pr and',
    'and a pr',
    '(a pr',
    'a pr)',
    'not a pr',
    'a[b pr',
    'a[]',
    'a[b pr].c',
    'a.b[c pr] eq "x"',
    '"a" eq "b"',
    'a eq 1e999',
    'a eq 0x10',
    'a;b eq "x"',
    '__proto__ eq',
    'a eq "x" or 1=1',
    '\u0000 pr',
  ])('is refused as %j', (text) => {
    expect(() => parseFilter(text)).toThrow(ScimError);
  });

  test('has its limits', () => {
    const many = (count: number): string => Array.from({ length: count }, () => 'a pr').join(' or ');
    expect(parseFilter(many(64))).toMatchObject({ t: 'or' });
    expect(() => parseFilter(many(65))).toThrow(/64 terms/);
    const deep = (depth: number): string => `${'('.repeat(depth)}a pr${')'.repeat(depth)}`;
    expect(parseFilter(deep(12))).toEqual({ t: 'present', path: 'a' });
    expect(() => parseFilter(deep(13))).toThrow(/12 deep/);
    expect(() => parseFilter(deep(2_000))).toThrow(/12 deep/);
    expect(() => parseFilter(`a eq "${'x'.repeat(5_000)}"`)).toThrow(/4096/);
  });
});

describe('a path', () => {
  const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
  test.each([
    ['members', { path: 'members', filter: null, sub: null }],
    ['name.givenName', { path: 'name.givenName', filter: null, sub: null }],
    [`${enterprise}:manager.value`, { path: `${enterprise}:manager.value`, filter: null, sub: null }],
    ['emails[type eq "work"]', { path: 'emails', sub: null }],
    ['emails[type eq "work"].value', { path: 'emails', sub: 'value' }],
    [
      'members[value eq "]"]',
      { path: 'members', filter: { t: 'compare', path: 'value', op: 'eq', value: ']' }, sub: null },
    ],
  ])('%s', (text, expected) => {
    expect(parsePath(text)).toMatchObject(expected);
  });

  test.each(['', ' ', 'a b', 'a[b pr].c.d', 'a[b pr]c', '.a', '[a pr]', 'a pr', '(a)', '7'])(
    'is refused as %j',
    (text) => {
      expect(() => parsePath(text)).toThrow(ScimError);
    },
  );
});

/** Filters as text, of the grammar itself. */
const word = fc.stringMatching(/^[a-z][a-zA-Z]{0,6}$/).filter((text) => !['and', 'or', 'not', 'pr'].includes(text));
const value = fc.oneof(
  fc.string().map((text) => text.replaceAll('\0', '').toWellFormed()),
  fc.boolean(),
  fc.constant(null),
  fc.integer({ min: -99_999, max: 99_999 }),
);
const compare = fc.record({
  t: fc.constant('compare' as const),
  path: word,
  op: fc.constantFrom('eq', 'co', 'ge'),
  value,
});
const present = fc.record({ t: fc.constant('present' as const), path: word });
const filters = fc.letrec<{ filter: Filter }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    compare as fc.Arbitrary<Filter>,
    present as fc.Arbitrary<Filter>,
    fc.record({ t: fc.constantFrom('and' as const, 'or' as const), left: tie('filter'), right: tie('filter') }),
    fc.record({ t: fc.constant('not' as const), filter: tie('filter') }),
  ),
})).filter;

function written(filter: Filter): string {
  switch (filter.t) {
    case 'and':
    case 'or':
      return `(${written(filter.left)}) ${filter.t.toUpperCase()} (${written(filter.right)})`;
    case 'not':
      return `not (${written(filter.filter)})`;
    case 'present':
      return `${filter.path} pr`;
    case 'compare':
      return `${filter.path}  ${filter.op} ${JSON.stringify(filter.value)}`;
    case 'values':
      return `${filter.path}[${written(filter.filter)}]`;
  }
}

describe('any text', () => {
  test('that a filter was written as is read as that filter', () => {
    fc.assert(
      fc.property(filters, (filter) => {
        expect(parseFilter(written(filter))).toEqual(filter);
      }),
      { numRuns: 300 },
    );
  });

  test('is a filter or an error of SCIM, never anything else', () => {
    const pieces = fc.constantFrom(
      'a',
      ' ',
      '(',
      ')',
      '[',
      ']',
      '"',
      '\\',
      '.',
      'eq',
      'pr',
      'and',
      'not',
      '"x"',
      '\u{1f600}',
      '\ud800',
    );
    const texts = fc.oneof(
      fc.string(),
      fc.array(pieces, { maxLength: 60 }).map((parts) => parts.join('')),
    );
    const outcome = (parse: () => object): unknown => {
      try {
        return typeof parse();
      } catch (error) {
        return error instanceof ScimError ? 'object' : error;
      }
    };
    fc.assert(
      fc.property(texts, (text) => {
        expect(outcome(() => parseFilter(text))).toBe('object');
        expect(outcome(() => parsePath(text))).toBe('object');
      }),
      { numRuns: 1_000 },
    );
  });
});
