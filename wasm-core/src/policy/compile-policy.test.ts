import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CoreError } from '../errors.ts';
import { compilePolicy } from './compile-policy.ts';
import { HEADER_BYTES, layOut, readLayout, readNames, sealImage } from './image-layout.ts';
import type { PolicyInput } from './policy-input.ts';
import { PolicyMatcher } from './policy-matcher.ts';

const input: PolicyInput = {
  apps: [
    { name: 'wiki', tags: ['docs'] },
    { name: 'pay', tags: [] },
  ],
  rules: [
    { users: ['zoë'], apps: ['wiki'] },
    { groups: ['staff', 'ops'], tags: ['docs'], ports: [{ protocol: 'tcp', from: 80, to: 90 }] },
    { methods: ['agent'] },
    ...Array.from({ length: 200 }, (_, i) => ({ groups: [`g${i % 3}`], users: ['u'] })),
  ],
};
const people = [
  { user: 'zoë', groups: ['ops'], method: 'browser' },
  { user: 'u', groups: ['g2'], method: 'browser' },
  { user: 'u', groups: [], method: 'agent' },
] as const;

/** Every answer that the image gives, or the code that it is refused with; anything else is a failure. */
function answers(image: Uint8Array): string {
  let matcher: PolicyMatcher;
  try {
    matcher = new PolicyMatcher(image);
  } catch (error) {
    if (error instanceof CoreError && error.code === 'CW_CORE_IMAGE') return error.code;
    throw error;
  }
  const found: number[] = [];
  const probes = matcher.apps
    .slice(0, 16)
    .flatMap((_, app) => [80, 443].map((port) => ({ app, protocol: 'tcp', port }) as const));
  for (const person of people) found.push(...matcher.decideAll(matcher.open(person), probes));
  return found.join();
}

const image = compilePolicy(input);
const honest = answers(image);

describe('compilePolicy', () => {
  it('gives the same bytes for the same input', () => {
    expect(compilePolicy(structuredClone(input))).toEqual(image);
  });

  it.each<[string, PolicyInput]>([
    [
      'two apps of one name',
      {
        apps: [
          { name: 'a', tags: [] },
          { name: 'a', tags: [] },
        ],
        rules: [],
      },
    ],
    ['an empty name', { apps: [], rules: [{ users: [''] }] }],
    ['a lone surrogate', { apps: [], rules: [{ groups: ['x\ud800'] }] }],
    ['a name of 2 KB', { apps: [{ name: 'a'.repeat(2048), tags: [] }], rules: [] }],
    ['ports that end before they begin', { apps: [], rules: [{ ports: [{ protocol: 'tcp', from: 2, to: 1 }] }] }],
    ['a port that is no number', { apps: [], rules: [{ ports: [{ protocol: 'tcp', from: Number.NaN, to: 1 }] }] }],
    ['a port past 65535', { apps: [], rules: [{ ports: [{ protocol: 'udp', from: 1, to: 65_536 }] }] }],
  ])('refuses %s', (_, bad) => {
    expect(() => compilePolicy(bad)).toThrow(expect.objectContaining({ code: 'CW_CORE_POLICY' }));
  });

  it('keeps names that differ only in a byte order mark or in Unicode form apart', () => {
    const users = ['a', '\ufeffa', 'e\u0301', '\u00e9'];
    const matcher = new PolicyMatcher(
      compilePolicy({ apps: [{ name: 'x', tags: [] }], rules: users.map((user) => ({ users: [user] })) }),
    );
    const decided = users.map((user) =>
      matcher.decide(matcher.open({ user, groups: [], method: 'agent' }), 0, 'tcp', 1),
    );
    expect(decided).toEqual([0, 1, 2, 3]);
  });
});

describe('a damaged image', () => {
  it('is refused at every truncation and with a byte more', () => {
    for (let length = 0; length < image.length; length++)
      expect(answers(image.subarray(0, length))).toBe('CW_CORE_IMAGE');
    expect(answers(Uint8Array.of(...image, 0))).toBe('CW_CORE_IMAGE');
    expect(() => new PolicyMatcher('CWPI' as unknown as Uint8Array)).toThrow(CoreError);
  });

  it('is refused for every single flipped bit', () => {
    for (let bit = 0; bit < image.length * 8; bit++) {
      const flipped = image.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(answers(flipped)).toBe('CW_CORE_IMAGE');
    }
  });

  it('loads from a view at an odd offset, and leaves it untouched', () => {
    const wide = new Uint8Array(image.length + 9).fill(0xaa);
    wide.set(image, 3);
    expect(answers(wide.subarray(3, 3 + image.length))).toBe(honest);
    expect(wide.subarray(3, 3 + image.length)).toEqual(image);
  });
});

describe('a hostile image with a right checksum', () => {
  const layout = readLayout(image);
  const reseal = (bytes: Uint8Array): Uint8Array => {
    const view = new DataView(bytes.buffer);
    const u32 = (at: number): number => view.getUint32(at, true);
    sealImage(bytes, {
      rules: u32(16),
      apps: u32(20),
      users: u32(32),
      groups: u32(36),
      ranges: u32(40),
      units: u32(44),
      nameBytes: u32(48),
    });
    return bytes;
  };
  const interesting = fc.constantFrom(0, 1, 2, 3, 0x7f, 0x80, 0xff, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff);

  it('is refused or answers, and never reads outside or throws anything else', () => {
    const place = fc.oneof(
      fc.integer({ min: 16, max: HEADER_BYTES - 4 }),
      fc.integer({ min: HEADER_BYTES, max: layout.payloadAt }),
      fc.integer({ min: layout.payloadAt, max: image.length - 4 }),
    );
    let loaded = 0;
    let refused = 0;
    fc.assert(
      fc.property(
        fc.array(fc.tuple(place, fc.oneof(interesting, fc.integer({ min: 0, max: 300 }))), {
          minLength: 1,
          maxLength: 4,
        }),
        (changes) => {
          const bytes = image.slice();
          const view = new DataView(bytes.buffer);
          for (const [at, value] of changes) view.setUint32(Math.floor(at / 4) * 4, value, true);
          if (answers(reseal(bytes)) === 'CW_CORE_IMAGE') refused++;
          else loaded++;
        },
      ),
      { numRuns: 5_000 },
    );
    // Both outcomes must have been tried, or this shows nothing.
    expect(loaded).toBeGreaterThan(100);
    expect(refused).toBeGreaterThan(1_000);
  });

  it.each<[string, (view: DataView) => void]>([
    ['a rule’s ranges past the table', (view) => view.setUint32(layout.rulesAt, layout.ranges, true)],
    ['a rule with too many ranges', (view) => view.setUint32(layout.rulesAt + 4, 0xfffffffe, true)],
    [
      'a set that begins past the payload',
      (view) => {
        view.setUint32(layout.setsAt, layout.units + 1, true);
        view.setUint32(layout.setsAt + 4, 1, true);
      },
    ],
    [
      'a list that is not ascending',
      (view) => {
        const list = layout.payloadAt + 16 * view.getUint32(layout.setsAt, true);
        expect([view.getUint32(list, true), view.getUint32(list + 4, true)]).toEqual([1, 2]);
        view.setUint32(list, 2, true);
        view.setUint32(list + 4, 1, true);
      },
    ],
    ['a set that is too long', (view) => view.setUint32(layout.setsAt + 8 * 5 + 4, 0x7fffffff, true)],
    [
      'a list past the payload',
      (view) => {
        view.setUint32(layout.setsAt + 8 * 5, layout.units, true);
        view.setUint32(layout.setsAt + 8 * 5 + 4, 1, true);
      },
    ],
    [
      'a bitset past the payload',
      (view) => {
        view.setUint32(layout.setsAt + 8 * 5, layout.units, true);
        view.setUint32(layout.setsAt + 8 * 5 + 4, 0xffffffff, true);
      },
    ],
    [
      'a rule number past the last',
      (view) => view.setUint32(layout.payloadAt + 16 * view.getUint32(layout.setsAt + 8 * 5, true), layout.rules, true),
    ],
    [
      'a bit past the last rule',
      (view) => {
        const set =
          Array.from({ length: 5 }, (_, i) => layout.setsAt + 8 * i).find(
            (at) => view.getUint32(at + 4, true) === 0xffffffff,
          ) ?? 0;
        const end = layout.payloadAt + 16 * (view.getUint32(set, true) + Math.ceil(layout.rules / 128));
        view.setUint8(end - 1, 0x80);
      },
    ],
    ['a name that ends past the names', (view) => view.setUint32(layout.endsAt, layout.nameBytes + 1, true)],
    ['a name that is no UTF-8', (view) => view.setUint8(layout.namesAt, 0xff)],
  ])('is refused for %s', (_, change) => {
    const bytes = image.slice();
    change(new DataView(bytes.buffer));
    expect(answers(reseal(bytes))).toBe('CW_CORE_IMAGE');
  });

  it('is refused for two apps of one name', () => {
    const twins = compilePolicy({
      apps: [
        { name: 'aa', tags: [] },
        { name: 'ab', tags: [] },
      ],
      rules: [],
    });
    twins[twins.length - 1] = 0x61;
    expect(answers(reseal(twins))).toBe('CW_CORE_IMAGE');
  });

  it('is refused for counts whose sizes would wrap in 32 bits', () => {
    const counts = { rules: 0, apps: 0, users: 0, groups: 0, ranges: 0, units: 0, nameBytes: 0 };
    for (const key of Object.keys(counts)) {
      const bytes = new Uint8Array(layOut(counts).length);
      sealImage(bytes, { ...counts, [key]: 0x20000000 });
      expect(answers(bytes)).toBe('CW_CORE_IMAGE');
    }
  });

  it('reads the names it was given', () => {
    const names = readNames(image, layout);
    expect([...names.users.keys()]).toEqual(['zoë', 'u']);
    expect([...names.groups.keys()]).toEqual(['staff', 'ops', 'g0', 'g1', 'g2']);
    expect(names.apps).toEqual(['wiki', 'pay']);
  });
});
