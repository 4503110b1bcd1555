import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Principal } from '@causeway/contract';
import { activeSnapshotOf, snapshotOf, type Configuration } from '../fakes/snapshot.ts';
import type { OfferedSnapshot } from '../../rpc/offered-snapshot.ts';
import type { ActiveSnapshot } from './active-snapshot.ts';
import { Configured } from './configured.ts';
import { SnapshotLoader } from './snapshot-loader.ts';

const NOW = Date.parse('2026-11-23T12:00Z');

function appNamed(i: number, host = 'corp'): Configuration['apps'][number] {
  const name = `app-${i}`;
  return {
    name,
    tags: [`t${i % 3}`],
    hosts: [`${name}.${host}.example`, `10.${i}.0.0/16`],
    ports: ['tcp/443', 'tcp/8000-8100'],
    publishers: ['p'],
    clientless: { urls: [`${name}.causeway.localhost`], upstream: { host: `${name}.${host}.example`, port: 443 } },
  };
}

/** A line to control whose answers tests may change. */
function line(offered: OfferedSnapshot) {
  const state = { offered, asked: [] as string[], damage: (bytes: Uint8Array): Uint8Array | null => bytes };
  const options = {
    piece: async (hash: string, from: number) => {
      state.asked.push(hash);
      const bytes = state.offered.piece(hash, from);
      return bytes === null ? null : state.damage(bytes);
    },
    newest: async () => state.offered.manifest,
    now: () => NOW,
  };
  return { state, options };
}

const always = (): boolean => true;
const CONFIGURATION: Configuration = {
  apps: Array.from({ length: 10 }, (_, i) => appNamed(i)),
  rules: [{ name: 'all', action: 'allow' }],
};

/** Everything that requests and flows ask of a snapshot, about everybody who could tell two apart. */
function answers(active: ActiveSnapshot): unknown {
  const { source, apps, index, policy } = active;
  const hosts = apps.flatMap(({ hosts, clientless }) => [
    ...hosts,
    ...(clientless?.urls ?? []),
    'a.b.example',
    '10.3.4.5',
  ]);
  const found = hosts.map((host) => [index.byUrl(host), index.byTarget(host, 443), index.byTarget(host, 1)]);
  const people = ['g0', 'g1', 'g2'].map((group): Principal => {
    return { user: group, displayName: '', groups: [group], method: 'agent', authenticatedAt: 0, session: group };
  });
  const decided = people.map((person) => {
    const session = policy.open(person, '192.0.2.1');
    const verdicts = apps.map((_, app) =>
      [443, 8_000, 9].map((port) => policy.decide(session, app, { host: 'app-1.corp.example', port }, NOW)),
    );
    policy.close(session);
    return [verdicts, active.steeredTo(person, '192.0.2.1', NOW)];
  });
  return { source, apps, found, decided, times: policy.hasTimes, sources: policy.asksForSource };
}

const anyRule = fc.record(
  {
    action: fc.constantFrom('allow' as const, 'block' as const),
    groups: fc.subarray(['g0', 'g1', 'g2'], { minLength: 1 }),
    tags: fc.subarray(['t0', 't1', 't2'], { minLength: 1 }),
    ports: fc.subarray(['tcp/443', 'tcp/8000-8050'], { minLength: 1 }),
    destinations: fc.subarray(['*.corp.example', 'app-1.corp.example', '10.1.0.0/16'], { minLength: 1 }),
    notice: fc.constantFrom('No.', 'Ask.'),
  },
  { requiredKeys: ['action'] },
);
const anyConfiguration = fc
  .tuple(fc.array(fc.nat(40), { maxLength: 20 }), fc.constantFrom('corp', 'lab'), fc.array(anyRule, { maxLength: 8 }))
  .map(([apps, host, rules]): Configuration => ({
    apps: [...new Set(apps)].toSorted((a, b) => a - b).map((i) => appNamed(i, i % 7 === 0 ? host : 'corp')),
    rules: rules.map((rule, i) => ({
      name: `r${i}`,
      ...rule,
      notice: rule.action === 'block' ? rule.notice : undefined,
    })),
  }));

describe('a snapshot', () => {
  test('that came as what changed is the same as one that was read anew', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyConfiguration, { minLength: 2, maxLength: 8 }), async (published) => {
        const { state, options } = line(snapshotOf(0, { apps: [], rules: [] }));
        const loader = new SnapshotLoader(options);
        for (const [number, configuration] of published.entries()) {
          state.offered = snapshotOf(number + 1, configuration);
          const updated = await loader.load(state.offered.manifest, always);
          if (updated === null) throw new Error('nothing was loaded');
          const anew = await new SnapshotLoader(options).load(state.offered.manifest, always);
          expect(answers(updated)).toEqual(answers(activeSnapshotOf(number + 1, configuration, NOW)));
          expect(answers(updated)).toEqual(anew === null ? null : answers(anew));
        }
      }),
      { numRuns: 40 },
    );
  });

  test('asks only for what it does not hold', async () => {
    const { state, options } = line(snapshotOf(1, CONFIGURATION));
    const loader = new SnapshotLoader(options);
    await loader.load(state.offered.manifest, always);
    const before = new Set(state.asked.splice(0));
    const apps = CONFIGURATION.apps.with(4, appNamed(4, 'lab'));
    state.offered = snapshotOf(2, { ...CONFIGURATION, apps });
    await loader.load(state.offered.manifest, always);
    const pieces = state.offered.manifest.objects.apps.map(({ hash }) => hash);
    expect(pieces).toHaveLength(4);
    expect(state.asked.filter((hash) => pieces.includes(hash))).toEqual([pieces[1]]);
    expect(pieces.filter((hash) => before.has(hash))).toHaveLength(3);
  });

  test.each([
    ['damaged', (bytes: Uint8Array) => bytes.map((byte, i) => (i === 7 ? byte ^ 1 : byte))],
    ['missing', () => null],
    ['too long', (bytes: Uint8Array) => Buffer.concat([bytes, bytes])],
  ])('of which a piece is %s is asked for whole, and once it is well again in force', async (_, damage) => {
    const { state, options } = line(snapshotOf(1, CONFIGURATION));
    const loader = new SnapshotLoader(options);
    await loader.load(state.offered.manifest, always);
    state.offered = snapshotOf(2, { ...CONFIGURATION, apps: CONFIGURATION.apps.with(4, appNamed(4, 'lab')) });
    state.asked.length = 0;
    let left = 1;
    state.damage = (bytes) => (left-- > 0 ? damage(bytes) : bytes);
    const active = await loader.load(state.offered.manifest, always);
    expect(active?.source.number).toBe(2);
    const { image, facts, objects } = state.offered.manifest;
    for (const { hash } of [...image, ...facts, ...objects.apps]) expect(state.asked).toContain(hash);
  });
});

describe('the configuration in force', () => {
  const refused: number[] = [];
  const swapped: number[] = [];
  const configured = (options: ReturnType<typeof line>['options']): Configured => {
    refused.length = swapped.length = 0;
    return new Configured({
      ...options,
      onSwapped: async ({ source }) => void swapped.push(source.number),
      onRefused: (number) => void refused.push(number),
    });
  };

  test('stays whole where the next one cannot be had, and takes the one after', async () => {
    const { state, options } = line(snapshotOf(1, CONFIGURATION));
    const configuration = configured(options);
    await configuration.put(state.offered.manifest);
    const before = configuration.active;
    state.offered = snapshotOf(2, { apps: CONFIGURATION.apps.slice(3), rules: [] });
    let answered = 0;
    state.damage = (bytes) => (answered++ < 1 ? bytes : null);
    await expect(configuration.put(state.offered.manifest)).rejects.toMatchObject({ code: 'CW_SNAPSHOT_REFUSED' });
    expect(configuration.active).toBe(before);
    expect(refused).toEqual([2]);
    state.damage = (bytes) => bytes;
    expect(await configuration.put(state.offered.manifest)).toEqual({ number: 2 });
    expect([configuration.active?.apps.length, swapped]).toEqual([7, [1, 2]]);
  });

  test('decides by what is in force while the next is loaded, and goes past those in between', async () => {
    const { state, options } = line(snapshotOf(1, CONFIGURATION));
    const configuration = configured(options);
    await configuration.put(state.offered.manifest);
    const gate = Promise.withResolvers<void>();
    let waits = true;
    const slow = {
      ...options,
      piece: async (hash: string, from: number) => {
        if (waits) await gate.promise;
        return options.piece(hash, from);
      },
    };
    const behind = configured(slow);
    waits = false;
    await behind.put(state.offered.manifest);
    waits = true;
    const blocked = (number: number): OfferedSnapshot => snapshotOf(number, { ...CONFIGURATION, rules: [] });
    const puts = [2, 3, 4].map((number) => {
      state.offered = blocked(number);
      return behind.put(state.offered.manifest);
    });
    const decide = (): string => {
      const policy = behind.active?.policy;
      if (policy === undefined) return 'none';
      const who: Principal = {
        user: 'u',
        displayName: '',
        groups: [],
        method: 'agent',
        authenticatedAt: 0,
        session: 's',
      };
      const session = policy.open(who, '');
      const { action } = policy.decide(session, 0, { host: 'app-0.corp.example', port: 443 }, NOW);
      policy.close(session);
      return action;
    };
    expect(decide()).toBe('allow');
    gate.resolve();
    expect(await Promise.all(puts)).toEqual([{ number: 4 }, { number: 4 }, { number: 4 }]);
    expect(decide()).toBe('block');
    expect(swapped).toEqual([1, 4]);
  });
});
