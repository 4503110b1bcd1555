import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CoreError } from '../errors.ts';
import { compilePolicy } from './compile-policy.ts';
import { HEADER_BYTES, IMAGE_COUNTS, layOut, readLayout, sealImage } from './image-layout.ts';
import type { ImageCounts } from './image-layout.ts';
import { readNames } from './image-names.ts';
import type { PolicyInput, PolicySubject } from './policy-input.ts';
import { PolicyMatcher } from './policy-matcher.ts';

const input: PolicyInput = {
  apps: [
    { name: 'wiki', tags: ['docs'] },
    { name: 'pay', tags: [] },
  ],
  rules: [
    { users: ['zoë'], apps: ['wiki'] },
    { groups: ['staff', 'ops'], tags: ['docs'], ports: [{ protocol: 'tcp', from: 80, to: 90 }] },
    { methods: ['agent'], destinations: ['db.example', '*.example', '10.0.0.0/8', '10.1.0.0/16', '2001:db8::5'] },
    { ous: ['corp/eng'], posture: ['compliant'], os: ['linux'], networks: ['office'], sources: ['192.0.2.0/24'] },
    {
      activities: ['upload'],
      ports: [
        { protocol: 'tcp', from: 1, to: 99 },
        { protocol: 'udp', from: 9, to: 9 },
      ],
      times: [
        { days: ['mon', 'sun'], from: 540, to: 1020 },
        { days: ['fri'], from: 1380, to: 60 },
      ],
    },
    ...Array.from({ length: 200 }, (_, i) => ({ groups: [`g${i % 3}`], users: ['u'] })),
  ],
};
const people: readonly PolicySubject[] = [
  { user: 'zoë', groups: ['ops'], method: 'browser' },
  {
    user: 'x',
    groups: [],
    method: 'browser',
    ou: 'corp/eng/core',
    posture: ['compliant'],
    os: 'linux',
    network: 'office',
    source: '192.0.2.9',
  },
  { user: 'u', groups: ['g2'], method: 'browser' },
  { user: 'u', groups: [], method: 'agent' },
];

const flows = [
  {},
  { destination: 'a.example' },
  { destination: 'DB.example.', activity: 'upload', now: Date.UTC(2026, 10, 22, 12) },
  { destination: '10.1.2.3' },
  { destination: new Uint8Array(16) },
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
    .flatMap((_, app) => [80, 443].map((port) => ({ app, protocol: 'tcp', port }) as const))
    .flatMap((probe) => flows.map((flow) => ({ ...probe, ...flow })));
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
    ['a destination that is none', { apps: [], rules: [{ destinations: ['127.1'] }] }],
    ['a range of both families', { apps: [], rules: [{ destinations: ['10.0.0.1-2001::'] }] }],
    ['a source that is a name', { apps: [], rules: [{ sources: ['host.example'] }] }],
    ['eleven posture profiles', { apps: [], rules: [{ posture: Array.from({ length: 11 }, (_, i) => `p${i}`) }] }],
    ['an activity that is none', { apps: [], rules: [{ activities: ['print' as 'copy'] }] }],
    ['a day that is none', { apps: [], rules: [{ times: [{ days: ['day' as 'mon'], from: 0, to: 1 }] }] }],
    ['a time past midnight', { apps: [], rules: [{ times: [{ days: ['mon'], from: 0, to: 1441 }] }] }],
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
  const orderOf = (view: DataView, rule: number): number =>
    view.getUint32(layout.rulesAt + 16 * rule + 8, true) & 0xfffff;
  const reseal = (bytes: Uint8Array): Uint8Array => {
    const view = new DataView(bytes.buffer);
    const counts = IMAGE_COUNTS.map((name, i) => [name, view.getUint32(16 + 4 * i, true)]);
    sealImage(bytes, Object.fromEntries(counts) as ImageCounts);
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
    ['a list’s ranges past the table', (view) => view.setUint32(layout.portListsAt, layout.ranges, true)],
    ['a list with too many ranges', (view) => view.setUint32(layout.portListsAt + 4, 0xfffffffe, true)],
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
        expect([view.getUint32(list, true), view.getUint32(list + 4, true)]).toEqual([0, 1]);
        view.setUint32(list, 1, true);
        view.setUint32(list + 4, 0, true);
      },
    ],
    ['rules for every app that do not exist', (view) => view.setUint32(20, layout.rules + 1, true)],
    ['two rules in one place of the order', (view) => view.setUint32(layout.rulesAt + 8, orderOf(view, 1), true)],
    ['a place in order past the last', (view) => view.setUint32(layout.rulesAt + 8, layout.rules, true)],
    ['an app’s rules past the last', (view) => view.setUint32(layout.appsAt + 4, layout.rules + 1, true)],
    ['an app’s rules that end before they begin', (view) => view.setUint32(layout.appsAt, layout.rules, true)],
    ['an app’s spans past the lists', (view) => view.setUint32(layout.appsAt + 8, layout.spanLists + 1, true)],
    ['an app’s mixed rules past the sets', (view) => view.setUint32(layout.appsAt + 12, layout.mixedSets + 1, true)],
    ['a span past the rules', (view) => view.setUint32(layout.spansAt + 4, layout.rules + 1, true)],
    ['a list of spans past the table', (view) => view.setUint32(layout.spanListsAt + 4, layout.spans + 1, true)],
    ['a set that is too long', (view) => view.setUint32(layout.setsAt + 8 * 9 + 4, 0x7fffffff, true)],
    [
      'a list past the payload',
      (view) => {
        view.setUint32(layout.setsAt + 8 * 9, layout.units, true);
        view.setUint32(layout.setsAt + 8 * 9 + 4, 1, true);
      },
    ],
    [
      'a bitset past the payload',
      (view) => {
        view.setUint32(layout.setsAt + 8 * 9, layout.units, true);
        view.setUint32(layout.setsAt + 8 * 9 + 4, 0xffffffff, true);
      },
    ],
    [
      'a rule number past the last',
      (view) => view.setUint32(layout.payloadAt + 16 * view.getUint32(layout.setsAt + 8 * 8, true), layout.rules, true),
    ],
    [
      'a bit past the last rule',
      (view) => {
        const set =
          Array.from({ length: 9 }, (_, i) => layout.setsAt + 8 * i).find(
            (at) => view.getUint32(at + 4, true) === 0xffffffff,
          ) ?? 0;
        const end = layout.payloadAt + 16 * (view.getUint32(set, true) + Math.ceil(layout.rules / 128));
        view.setUint8(end - 1, 0x80);
      },
    ],
    ['a port list past the table', (view) => view.setUint32(layout.rulesAt + 12, (layout.portLists + 1) << 9, true)],
    ['a time list past the table', (view) => view.setUint16(layout.rulesAt + 6, layout.timeLists + 1, true)],
    [
      'a destination list past the last',
      (view) => view.setUint32(layout.rulesAt + 8, orderOf(view, 0) | ((layout.destinationLists + 1) << 20), true),
    ],
    ['a window past the table', (view) => view.setUint32(layout.timeListsAt + 4, layout.windows + 1, true)],
    [
      'a destination in a list past the last',
      (view) => {
        const set = layout.setsAt + 8 * layout.firstDestination;
        view.setUint32(layout.payloadAt + 16 * view.getUint32(set, true), layout.destinationLists, true);
      },
    ],
    ['a prefix around itself', (view) => view.setInt32(layout.destinationPrefixesAt + 24, 0, true)],
    ['a prefix that is too long', (view) => view.setUint32(layout.destinationPrefixesAt + 16, 129, true)],
    ['a prefix with host bits', (view) => view.setUint32(layout.sourcesAt + 8, 0xc0000201, true)],
    ['a prefix of another number', (view) => view.setUint32(layout.sourcesAt + 20, 1, true)],
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
    const counts = Object.fromEntries(IMAGE_COUNTS.map((name) => [name, 0])) as ImageCounts;
    for (const key of Object.keys(counts)) {
      const bytes = new Uint8Array(layOut(counts).length);
      sealImage(bytes, { ...counts, [key]: 0x20000000 });
      expect(answers(bytes)).toBe('CW_CORE_IMAGE');
    }
  });

  it('reads the names it was given', () => {
    const names = readNames(image, layout);
    expect(names.axes.map((axis) => axis.names())).toEqual([
      ['zoë', 'u'],
      ['staff', 'ops', 'g0', 'g1', 'g2'],
      ['agent'],
      ['corp/eng'],
      ['compliant'],
      ['linux'],
      ['office'],
    ]);
    expect(names.apps.names()).toEqual(['wiki', 'pay']);
    expect(names.destinations.names()).toEqual(['db.example', '*.example']);
  });
});
