import type { PolicyInput, PolicyProbe, PolicyRuleInput, PolicySubject } from '@causeway/wasm-core';

/** A seeded xorshift, so that every run measures the same. */
export function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri'] as const;

/** Rules as of a company: most for a group or a unit and an app, a third asking for more, a few for everybody. */
export function fullPolicy(count: number): PolicyInput {
  const next = randomNumbers(count);
  const appCount = Math.max(50, count / 100);
  const rule = (): PolicyRuleInput => {
    const who = next(10);
    const more = next(12);
    return {
      ...(who < 6 ? { groups: [`g${next(count / 20)}`, `g${next(count / 20)}`] } : {}),
      ...(who === 6 ? { users: [`u${next(count)}`] } : {}),
      ...(who === 7 ? { ous: [`corp/${next(40)}/${next(20)}`] } : {}),
      ...(who >= 8 ? { groups: [`g${next(count / 20)}`], methods: ['agent'] } : {}),
      ...(next(50) === 0 ? { tags: [`t${next(20)}`] } : { apps: [`app${next(appCount)}`] }),
      ...(next(2) === 0 ? { ports: [{ protocol: 'tcp', from: 443, to: 443 + next(1000) }] } : {}),
      ...(more === 0 ? { destinations: [`*.d${next(500)}.example`, `10.${next(256)}.${next(256)}.0/24`] } : {}),
      ...(more === 1 ? { posture: ['encrypted', `p${next(9)}`] } : {}),
      ...(more === 2 ? { os: ['linux', 'macos'] } : {}),
      ...(more === 3 ? { sources: [`192.${next(256)}.0.0/16`, '172.16.0.1-172.16.9.9'] } : {}),
      ...(more === 4 ? { activities: ['access', 'download'] } : {}),
      ...(more === 5 ? { times: [{ days: DAYS, from: 480, to: 1080 }] } : {}),
      ...(more === 6 ? { networks: ['office'] } : {}),
    };
  };
  return {
    apps: Array.from({ length: appCount }, (_, i) => ({ name: `app${i}`, tags: i % 10 === 0 ? [`t${i % 20}`] : [] })),
    rules: Array.from({ length: count }, rule),
  };
}

export function peopleOf(count: number, rules: number): PolicySubject[] {
  const next = randomNumbers(7);
  return Array.from({ length: count }, () => ({
    user: `u${next(rules)}`,
    groups: Array.from({ length: 20 }, () => `g${next(rules / 20)}`),
    method: next(2) === 0 ? ('agent' as const) : ('browser' as const),
    ou: `corp/${next(40)}/${next(20)}`,
    posture: ['encrypted'],
    os: 'linux',
    network: 'home',
    source: `192.${next(256)}.1.1`,
  }));
}

export function probesOf(count: number, apps: number): PolicyProbe[] {
  const next = randomNumbers(11);
  return Array.from({ length: count }, () => ({
    app: next(apps),
    protocol: 'tcp' as const,
    port: next(4) === 0 ? 22 : 443,
    destination: next(2) === 0 ? `h${next(8)}.d${next(40)}.example` : `10.${next(256)}.1.1`,
    now: 1_795_000_000_000 + next(1_000_000_000),
  }));
}

/** What the peers can say too: group, app, one range of ports. */
export function plainPolicy(count: number): PolicyInput {
  const next = randomNumbers(5);
  return {
    apps: Array.from({ length: 50 }, (_, i) => ({ name: `app${i}`, tags: [] })),
    rules: Array.from({ length: count }, () => {
      const from = 400 + next(50);
      return {
        groups: [`g${next(50)}`],
        apps: [`app${next(50)}`],
        ports: [{ protocol: 'tcp' as const, from, to: from + next(50) }],
      };
    }),
  };
}
