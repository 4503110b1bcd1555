import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CausewayError } from './errors.ts';
import { LIMITS } from './limits.ts';
import type { OpenHeader } from './open-header.ts';
import {
  OpenFrameReader,
  checkOpenAnswer,
  checkOpenHeader,
  encodeOpenAnswer,
  encodeOpenHeader,
} from './open-header.ts';

const refused = expect.objectContaining({ code: 'CW_OPEN_INVALID' });

function framed(body: Uint8Array | string, length?: number): Uint8Array {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  const says = length ?? bytes.length;
  return Uint8Array.of(says >>> 8, says & 0xff, ...bytes);
}

type Outcome = { value: unknown; rest: number[] } | 'waiting' | 'CW_OPEN_INVALID';

/** What a reader makes of the bytes when they come in these pieces; bytes after the value come through `rest` and later pieces. */
function read(pieces: readonly Uint8Array[]): Outcome {
  const reader = new OpenFrameReader();
  try {
    for (const [i, piece] of pieces.entries()) {
      const found = reader.push(piece);
      if (found !== null) {
        return { value: found.value, rest: [...found.rest, ...pieces.slice(i + 1).flatMap((later) => [...later])] };
      }
    }
    return 'waiting';
  } catch (error) {
    if (error instanceof CausewayError && error.code === 'CW_OPEN_INVALID') return error.code;
    throw error;
  }
}

function cut(bytes: Uint8Array, at: readonly number[]): Uint8Array[] {
  const edges = [0, ...at.map((n) => n % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return edges.slice(1).map((edge, i) => bytes.subarray(edges[i], edge));
}

const header: fc.Arbitrary<OpenHeader> = fc
  .record({
    v: fc.constant(1 as const),
    kind: fc.constant('tcp' as const),
    app: fc.option(fc.string({ maxLength: 63 }), { nil: undefined }),
    host: fc.string({ unit: 'binary', maxLength: 100 }).map((host) => host.toWellFormed()),
    port: fc.integer({ min: 1, max: 65_535 }),
  })
  .map(({ app, ...others }) => (app === undefined ? others : { ...others, app }));

describe('OpenFrameReader', () => {
  it('gives the same for any cut of the same bytes, whatever they are', () => {
    const stream = fc.oneof(
      fc
        .tuple(header, fc.uint8Array({ maxLength: 50 }))
        .map(([value, rest]) => Uint8Array.of(...encodeOpenHeader(value), ...rest)),
      fc
        .tuple(fc.uint8Array({ maxLength: 60 }), fc.integer({ min: 0, max: 80 }))
        .map(([body, says]) => framed(body, says)),
      fc.json({ maxDepth: 3 }).map((json) => framed(json)),
      fc.uint8Array({ maxLength: 20 }),
    );
    const seen = new Set<string>();
    fc.assert(
      fc.property(stream, fc.array(fc.nat(), { maxLength: 8 }), (bytes, at) => {
        const whole = read([bytes]);
        seen.add(typeof whole === 'string' ? whole : 'value');
        expect(read(cut(bytes, at))).toEqual(whole);
        expect(read([...bytes].map((byte) => Uint8Array.of(byte)))).toEqual(whole);
      }),
      { numRuns: 3_000 },
    );
    expect([...seen].toSorted()).toEqual(['CW_OPEN_INVALID', 'value', 'waiting']);
  });

  it('gives back the header and every byte after it', () => {
    fc.assert(
      fc.property(header, fc.uint8Array({ maxLength: 40 }), fc.array(fc.nat(), { maxLength: 5 }), (value, data, at) => {
        const found = read(cut(Uint8Array.of(...encodeOpenHeader(value), ...data), at));
        expect(found).toEqual({ value, rest: [...data] });
        expect(checkOpenHeader(value)).toEqual(value);
      }),
    );
  });

  it('keeps its own copy of what it waits with', () => {
    const reader = new OpenFrameReader();
    const bytes = framed('{"ok":true}');
    const shared = bytes.slice(0, 5);
    expect(reader.push(shared)).toBeNull();
    shared.fill(0);
    expect(reader.push(bytes.subarray(5))).toMatchObject({ value: { ok: true } });
  });

  it('refuses a length above the limit from its two bytes, and waits for one at the limit', () => {
    const length = LIMITS.openHeaderBytes;
    expect(read([Uint8Array.of((length + 1) >>> 8, (length + 1) & 0xff)])).toBe('CW_OPEN_INVALID');
    expect(read([Uint8Array.of(0xff), Uint8Array.of(0xff)])).toBe('CW_OPEN_INVALID');
    expect(read([Uint8Array.of(length >>> 8, length & 0xff)])).toBe('waiting');
  });

  it.each<[string, Uint8Array]>([
    ['nothing', framed('')],
    ['no JSON', framed('{"v":1')],
    ['JSON and more', framed('{}{}')],
    ['bytes that are no UTF-8', framed(Uint8Array.of(0x22, 0xff, 0x22))],
    ['an overlong encoding', framed(Uint8Array.of(0x22, 0xc0, 0xaf, 0x22))],
  ])('refuses %s', (_, bytes) => expect(read([bytes])).toBe('CW_OPEN_INVALID'));
});

function outcome(check: () => unknown): unknown {
  try {
    check();
    return 'checked';
  } catch (error) {
    return error instanceof CausewayError ? error.code : error;
  }
}

describe('checkOpenHeader', () => {
  const good = { v: 1, kind: 'tcp', app: 'wiki', host: 'wiki.example', port: 443, flow: 'f1' };

  it('takes a good one, and a control stream without a host', () => {
    expect(checkOpenHeader(good)).toEqual(good);
    expect(checkOpenHeader({ v: 1, kind: 'control' })).toEqual({ v: 1, kind: 'control' });
  });

  it.each<[string, unknown]>([
    ['null', null],
    ['a list', [good]],
    ['another version', { ...good, v: 2 }],
    ['an unknown kind', { ...good, kind: 'exec' }],
    ['an unknown field', { ...good, principal: 'root' }],
    ['a __proto__ of its own', JSON.parse('{"v":1,"kind":"control","__proto__":{"port":1}}')],
    ['no host', { v: 1, kind: 'tcp', port: 1 }],
    ['no port', { v: 1, kind: 'tcp', host: 'x' }],
    ['port 0', { ...good, port: 0 }],
    ['port 65536', { ...good, port: 65_536 }],
    ['a port that is text', { ...good, port: '443' }],
    ['half a port', { ...good, port: 1.5 }],
    ['a long host', { ...good, host: 'a'.repeat(256) }],
    ['a long app', { ...good, app: 'a'.repeat(64) }],
    ['a long flow', { ...good, flow: 'a'.repeat(65) }],
  ])('refuses %s', (_, value) => expect(() => checkOpenHeader(value)).toThrow(refused));

  it('throws nothing but CW_OPEN_INVALID', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        expect(['checked', 'CW_OPEN_INVALID']).toContain(outcome(() => checkOpenHeader(value)));
        expect(['checked', 'CW_OPEN_INVALID']).toContain(outcome(() => checkOpenAnswer(value)));
      }),
    );
  });
});

describe('answers', () => {
  it('survive the wire', () => {
    for (const answer of [
      { ok: true } as const,
      { ok: false, code: 'CW_APP_UNKNOWN' } as const,
      { ok: false, code: 'CW_POLICY_BLOCKED', notice: 'Ask the help desk – 5555' } as const,
    ]) {
      const found = new OpenFrameReader().push(encodeOpenAnswer(answer));
      expect(checkOpenAnswer(found?.value)).toEqual(answer);
      expect(found?.rest.length).toBe(0);
    }
  });

  it('take a code that we do not know for an internal fault, also one that every object has', () => {
    for (const code of ['CW_FUTURE', 'toString', '__proto__', '']) {
      expect(checkOpenAnswer({ ok: false, code })).toEqual({ ok: false, code: 'CW_INTERNAL' });
    }
  });

  it('are refused when they say both, or carry more', () => {
    for (const value of [
      {},
      { ok: 'true' },
      { ok: true, code: 'CW_BUSY' },
      { ok: false },
      { ok: false, code: 'CW_BUSY', notice: 'x'.repeat(501) },
    ]) {
      expect(() => checkOpenAnswer(value)).toThrow(refused);
    }
  });
});

it('a header that would not be accepted is not sent', () => {
  expect(() => encodeOpenHeader({ v: 1, kind: 'tcp', host: '\u0001'.repeat(1000), port: 1 })).toThrow(refused);
});
