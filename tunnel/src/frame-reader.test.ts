import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { headerText } from './frame.ts';
import { Bench, head } from './session-bench.ts';

/** Feeds bytes to a fresh session, cut where `cuts` say, and checks what holds for any input at all. */
function survive(bytes: Uint8Array, cuts: readonly number[]): string {
  const b = new Bench('server', { streams: 50 });
  const codes: string[] = [];
  const edges = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((x, y) => x - y), bytes.length];
  for (const [i, edge] of edges.entries()) b.feed(bytes.subarray(edges[i - 1] ?? 0, edge));
  expect(b.session.streams).toBeLessThanOrEqual(50);
  expect(b.budget.heldBytes).toBeLessThanOrEqual(bytes.length);
  expect(b.out.reduce((sum, chunk) => sum + chunk.length, 0)).toBeLessThanOrEqual(bytes.length * 2 + 24);
  codes.push(b.code ?? 'open');
  b.end();
  return codes.join();
}

const frame = fc
  .record({
    type: fc.constantFrom(0, 0, 0, 1, 1, 2, 3),
    flags: fc.constantFrom(0, 0, 1, 1, 2, 4, 8, 5),
    id: fc.oneof(fc.nat(9), fc.constantFrom(0, 1, 3, 0xffffffff)),
    length: fc.oneof(fc.nat(40), fc.constantFrom(262_144, 0xffffffff)),
  })
  .map(({ type, flags, id, length }) =>
    Buffer.concat([head(type, flags, id, length), Buffer.alloc(type === 0 ? Math.min(length, 300_000) : 0)]),
  );

describe('any input', () => {
  it('random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.array(fc.nat(), { maxLength: 5 }), (bytes, cuts) => {
        expect(survive(bytes, cuts)).toMatch(/^(open|CW_)/);
      }),
      { numRuns: 300 },
    );
  });

  it('random frames: the outcome does not depend on the cuts', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 30 }), fc.array(fc.nat(), { maxLength: 8 }), (frames, cuts) => {
        const bytes = Buffer.concat(frames);
        expect(survive(bytes, cuts)).toBe(survive(bytes, []));
      }),
      { numRuns: 300 },
    );
  });

  const corpus = join(import.meta.dirname, 'corpus');
  it.each(readdirSync(corpus))('corpus: %s', (name) => {
    const lines = readFileSync(join(corpus, name), 'utf8').split('\n');
    const expected = lines.find((line) => line.startsWith('# ends: '))?.slice('# ends: '.length);
    const hex = lines.filter((line) => !line.startsWith('#')).join('');
    const bytes = Buffer.from(hex.replaceAll(/\s/g, ''), 'hex');
    for (let cut = 0; cut <= bytes.length; cut += 1) expect(survive(bytes, [cut])).toBe(expected);
  });
});

it('writes headers for people', () => {
  expect(headerText(head(0, 5, 3, 17))).toBe('data SYN|FIN #3 17');
  expect(headerText(Buffer.from('010900300000000100000002', 'hex'))).toBe('v1 type 9 0x30 #1 2');
});
