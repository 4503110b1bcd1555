import { describe, expect, test } from 'vitest';
import { checkPath, checkQuery, isReservedPath } from './exact-path.ts';

describe('checkPath', () => {
  test.each([
    '/',
    '/a/b.css',
    '/a//b',
    '//evil',
    '/api/projects/group%2Fproject',
    '/caf%C3%A9',
    '/a;jsessionid=1/b',
    '/...',
    '/.well-known/x',
    '/a/b..c',
    '/%41',
    '/a%20b',
  ])('lets %s through', (path) => {
    expect(checkPath(path)).toEqual({ ok: true });
  });

  test.each([
    '',
    'a',
    '*',
    '/a/../b',
    '/a/./b',
    '/..',
    '/.',
    '/%2e%2e/admin',
    '/%2E./admin',
    '/..;/admin',
    '/..;a=1/admin',
    '/a/..%2fadmin',
    '/a%5c..%5cadmin',
    '/a\\b',
    '/a#b',
    '/a b',
    '/a%00b',
    '/a%0d%0ab',
    '/a%7f',
    '/a%zz',
    '/a%2',
    '/\x01',
    '/caf\xe9',
  ])('refuses %j', (path) => {
    expect(checkPath(path).ok).toBe(false);
  });
});

test('a query may hold what it likes but controls, spaces and fragments', () => {
  expect(checkQuery('a=1&b=../..&c=%00&d=\\&e=%zz?').ok).toBe(true);
  for (const query of ['a b', 'a#b', 'a\rb', 'a\xe9']) expect(checkQuery(query).ok).toBe(false);
});

test.each([
  ['/.causeway/ticket', true],
  ['/.causeway', true],
  ['/.CAUSEWAY/x', true],
  ['/%2ecauseway/x', true],
  ['//.causeway/x', true],
  ['/.causeway%2fticket', true],
  ['/.causeway;a/x', true],
  ['/.causeways', false],
  ['/a/.causeway', false],
  ['/causeway', false],
])('%s is reserved: %s', (path, reserved) => {
  expect(isReservedPath(path)).toBe(reserved);
});
