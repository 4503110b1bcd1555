import { describe, expect, it } from 'vitest';
import type { ErrorEntry } from './errors.ts';
import { CausewayError, ERRORS, codeOf, isErrorCode } from './errors.ts';

const entries: [string, ErrorEntry][] = Object.entries(ERRORS);

describe('the registry', () => {
  it.each(entries)('%s has a status, a text and, for tunnels, a go-away code', (code, { status, text, goAway }) => {
    expect(code).toMatch(/^CW_[A-Z]+(?:_[A-Z]+)*$/);
    // Those belong to wasm-core.
    expect(code).not.toMatch(/^CW_CORE_/);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(600);
    expect(text).toMatch(/^\S.{10,150}[^.\s]$/);
    expect([undefined, 1, 2]).toContain(goAway);
    expect(goAway !== undefined).toBe(code.startsWith('CW_MUX_'));
  });

  it('does not ask people to try again where that cannot help', () => {
    const wrong = entries
      .filter(([, { status, retryable }]) => retryable && status < 500 && status !== 429)
      .map(([code]) => code);
    expect(wrong).toEqual([]);
  });

  it('says each text once', () => {
    expect(new Set(entries.map(([, { text }]) => text)).size).toBe(entries.length);
  });
});

describe('CausewayError', () => {
  it('carries what its code says', () => {
    const cause = new Error('why');
    const error = new CausewayError('CW_APP_TIMEOUT', undefined, { cause });
    expect(error).toMatchObject({ name: 'CausewayError', code: 'CW_APP_TIMEOUT', status: 504, retryable: true, cause });
    expect(error.message).toBe(ERRORS.CW_APP_TIMEOUT.text);
    expect(new CausewayError('CW_CSRF', 'for the log').message).toBe('for the log');
  });
});

it('codeOf takes everything foreign for an internal fault', () => {
  expect(codeOf(new CausewayError('CW_BUSY'))).toBe('CW_BUSY');
  for (const thrown of [new Error('x'), { code: 'CW_BUSY' }, 'CW_BUSY', null, undefined]) {
    expect(codeOf(thrown)).toBe('CW_INTERNAL');
  }
});

it('isErrorCode knows its own codes and none that objects inherit', () => {
  expect(entries.every(([code]) => isErrorCode(code))).toBe(true);
  expect(['', 'CW_', 'cw_busy', 'toString', '__proto__', 'constructor', 5, null, undefined].some(isErrorCode)).toBe(
    false,
  );
});
