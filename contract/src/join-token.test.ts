import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CausewayError } from './errors.ts';
import type { JoinToken } from './join-token.ts';
import { decodeJoinToken, encodeJoinToken } from './join-token.ts';

const token: JoinToken = {
  kind: 'publisher',
  pop: 'pop.example:8443',
  tunnelDomain: 'tunnel.pop.example',
  ca: 'ab'.repeat(32),
  secret: 's3cret-of-at-least-twenty-characters',
};
const wrap = (value: unknown): string => `cwjoin1.${Buffer.from(JSON.stringify(value)).toString('base64url')}`;

function codeOf(text: string): string {
  try {
    decodeJoinToken(text);
    return 'decoded';
  } catch (error) {
    return error instanceof CausewayError ? error.code : String(error);
  }
}

describe('join tokens', () => {
  it('survive a shell: one word of safe characters', () => {
    const text = encodeJoinToken({ ...token, pop: 'pöp–測試.example:443' });
    expect(text).toMatch(/^cwjoin1\.[A-Za-z0-9_-]+$/);
    expect(decodeJoinToken(text)).toEqual({ ...token, pop: 'pöp–測試.example:443' });
  });

  it('round-trip, whatever the lengths', () => {
    const any = fc.record({
      kind: fc.constantFrom('publisher' as const, 'device' as const),
      pop: fc.tuple(fc.domain(), fc.integer({ min: 1, max: 65_535 })).map(([host, port]) => `${host}:${port}`),
      tunnelDomain: fc.domain(),
      ca: fc.string({
        unit: fc.constantFrom(...Array.from({ length: 16 }, (_, n) => n.toString(16))),
        minLength: 64,
        maxLength: 64,
      }),
      secret: fc.string({ minLength: 20, maxLength: 60 }),
    });
    fc.assert(
      fc.property(any, (value) => {
        expect(decodeJoinToken(encodeJoinToken(value))).toEqual(value);
      }),
    );
  });

  it.each<[string, string]>([
    ['nothing', ''],
    ['the prefix alone', 'cwjoin1.'],
    ['another version', encodeJoinToken(token).replace('cwjoin1', 'cwjoin2')],
    ['a cut end', encodeJoinToken(token).slice(0, -10)],
    ['no base64', 'cwjoin1.!!!!'],
    ['bytes that are no UTF-8', 'cwjoin1._____w'],
    ['another kind', wrap({ ...token, kind: 'admin' })],
    ['an unknown field', wrap({ ...token, admin: true })],
    ['a missing field', wrap({ ...token, ca: undefined })],
    ['no port', wrap({ ...token, pop: 'pop.example' })],
    ['a fingerprint in capitals', wrap({ ...token, ca: 'AB'.repeat(32) })],
    ['a short fingerprint', wrap({ ...token, ca: 'ab'.repeat(31) })],
    ['a short secret', wrap({ ...token, secret: 'short' })],
    [
      'more than 2000 characters',
      wrap({ ...token, pop: `${'a'.repeat(250)}:1`, tunnelDomain: 'b'.repeat(255), secret: 'c'.repeat(2000) }),
    ],
  ])('refuses %s', (_, text) => expect(codeOf(text)).toBe('CW_TOKEN_INVALID'));

  it('throws one code for any text, and never repeats it', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.json().map((json) => `cwjoin1.${Buffer.from(json).toString('base64url')}`),
        ),
        (text) => {
          expect(codeOf(text)).toBe('CW_TOKEN_INVALID');
        },
      ),
    );
    const spoilt = `${encodeJoinToken(token).slice(0, -4)}!`;
    expect(() => decodeJoinToken(spoilt)).toThrow('this is not a join token');
  });
});
