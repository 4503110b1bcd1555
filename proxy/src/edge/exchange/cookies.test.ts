import { expect, test } from 'vitest';
import { viewCookies } from './cookies.ts';

const TOKEN = 'a'.repeat(43);

test('ours are taken out, the app’s are kept as they were', () => {
  const view = viewCookies(`a=1; __Host-cw=${TOKEN}; __Host-cw-nonce=n; b="x;y"; __HOST-CW=z; c`);
  expect(view.forwarded).toBe('a=1; b="x; y"; c');
  expect(view.nonce).toBe('n');
  expect(view.tokenHash).toMatch(/^[\w-]{43}$/);
  expect(view.tossed).toBe(false);
});

test('a token that cannot be one is none', () => {
  expect(viewCookies('__Host-cw=short').tokenHash).toBeNull();
  expect(viewCookies(`x=__Host-cw=${TOKEN}`).tokenHash).toBeNull();
});

test('the same name twice is tossed', () => {
  expect(viewCookies(`__Host-cw=${TOKEN}; __Host-cw=${TOKEN}`).tossed).toBe(true);
  expect(viewCookies('__Host-cw-nonce=a; __Host-cw-nonce=b').tossed).toBe(true);
});
