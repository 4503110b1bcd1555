import { PolicyMatcher, compilePolicy } from '@causeway/wasm-core';
import type { PolicyProbe, PolicySubject } from '@causeway/wasm-core';
import { ratioRow, type Row } from '../row.ts';
import { fullPolicy, peopleOf, plainPolicy, probesOf } from './policy-inputs.ts';
import { casbinPeer, cedarPeer, type Peer } from './policy-peers.ts';

const PEOPLE = 200;
const PROBES = 1_000;
/** How often each of these asks each of those in a round. */
const PASSES = 4;

function nanoseconds(times: number, run: () => unknown): number {
  const from = process.hrtime.bigint();
  for (let i = 0; i < times; i++) run();
  return Number(process.hrtime.bigint() - from) / times;
}

/** A figure that must stay below a limit of the issue, which stands in the peer's place. */
function limitRow(name: string, unit: string, rounds: readonly number[], limit: number): Row {
  return ratioRow(name, unit, rounds, { name: `limit of ${limit} ${unit}`, rounds: rounds.map(() => limit) }, 1);
}

interface FullTimes {
  readonly warm: number[];
  readonly cold: number[];
  readonly build: number[];
  readonly load: number[];
}

function fullRows(rules: number, warmLimit: number, coldLimit: number, rounds: number): Row[] {
  const input = fullPolicy(rules);
  const people = peopleOf(PEOPLE, rules);
  const probes = probesOf(PROBES, input.apps.length);
  const image = compilePolicy(input);
  const matcher = new PolicyMatcher(image);
  const times: FullTimes = { warm: [], cold: [], build: [], load: [] };
  for (let round = -1; round < rounds; round++) {
    const warm = warmTime(matcher, people, probes);
    const cold = coldTime(matcher, people, probes);
    const build = nanoseconds(1, () => compilePolicy(input)) / 1e6;
    const load = nanoseconds(1, () => new PolicyMatcher(image)) / 1e6;
    if (round < 0) continue; // to warm all of them
    times.warm.push(warm);
    times.cold.push(cold);
    times.build.push(build);
    times.load.push(load);
  }
  return [
    limitRow(`policy, ${rules} rules: decision`, 'ns', times.warm, warmLimit),
    limitRow(`policy, ${rules} rules: open and decide`, 'µs', times.cold, coldLimit),
    limitRow(`policy, ${rules} rules: build`, 'ms', times.build, 300),
    limitRow(`policy, ${rules} rules: load`, 'ms', times.load, 15),
    limitRow(`policy, ${rules} rules: image`, 'MB', [image.length / 1e6], 16),
  ];
}

function warmTime(matcher: PolicyMatcher, people: readonly PolicySubject[], probes: readonly PolicyProbe[]): number {
  const sessions = people.map((person) => matcher.open(person));
  let matched = 0;
  const spent = nanoseconds(PASSES, () => {
    for (const session of sessions) {
      for (const probe of probes) {
        if (matcher.decide(session, probe.app, probe.protocol, probe.port, probe) >= 0) matched++;
      }
    }
  });
  for (const session of sessions) matcher.close(session);
  if (matched === 0) throw new Error('no rule ever matched');
  return spent / (sessions.length * probes.length);
}

/** Microseconds. */
function coldTime(matcher: PolicyMatcher, people: readonly PolicySubject[], probes: readonly PolicyProbe[]): number {
  let at = 0;
  const spent = nanoseconds(50 * people.length, () => {
    const session = matcher.open(people[at % people.length] as PolicySubject);
    const probe = probes[at++ % probes.length] as PolicyProbe;
    matcher.decide(session, probe.app, probe.protocol, probe.port, probe);
    matcher.close(session);
  });
  return spent / 1e3;
}

async function peerRows(rounds: number): Promise<Row[]> {
  const input = plainPolicy(1_000);
  const people = peopleOf(20, 1_000);
  const probes = probesOf(40, input.apps.length);
  const matcher = new PolicyMatcher(compilePolicy(input));
  const sessions = new Map(people.map((person) => [person, matcher.open(person)]));
  const warm: Peer = (person, app, port) => {
    const session = sessions.get(person);
    return session !== undefined && matcher.decide(session, app, 'tcp', port) >= 0;
  };
  const cold: Peer = (person, app, port) => {
    const session = matcher.open(person);
    const rule = matcher.decide(session, app, 'tcp', port);
    matcher.close(session);
    return rule >= 0;
  };
  const peers = {
    warm,
    cold,
    'cedar-wasm, warm': cedarPeer(input, false),
    'cedar-wasm, cold': cedarPeer(input, true),
    casbin: await casbinPeer(input, people),
  };
  checkAgreement(Object.values(peers), people, probes);
  const times = Object.fromEntries(Object.keys(peers).map((name) => [name, [] as number[]]));
  for (let round = -1; round < rounds; round++) {
    for (const [name, peer] of Object.entries(peers)) {
      const spent = peerTime(peer, people, probes, name === 'warm' || name === 'cold' ? 200 : 1);
      if (round >= 0) times[name]?.push(spent);
    }
  }
  const row = (subject: 'warm' | 'cold', name: string): Row =>
    ratioRow(
      `policy, 1000 plain rules, ${subject}`,
      'ns',
      times[subject] ?? [],
      { name, rounds: times[name] ?? [] },
      0.01,
    );
  return [
    row('warm', 'cedar-wasm, warm'),
    row('cold', 'cedar-wasm, cold'),
    row('warm', 'casbin'),
    row('cold', 'casbin'),
  ];
}

/** Otherwise the peers would be measured at something else. */
function checkAgreement(
  peers: readonly Peer[],
  people: readonly PolicySubject[],
  probes: readonly PolicyProbe[],
): void {
  let allowed = 0;
  for (const person of people) {
    for (const { app, port } of probes) {
      const answers = new Set(peers.map((peer) => peer(person, app, port)));
      if (answers.size !== 1) throw new Error(`the peers disagree on ${person.user}, app ${app}, port ${port}`);
      if (answers.has(true)) allowed++;
    }
  }
  if (allowed === 0) throw new Error('no rule ever matched');
}

function peerTime(
  peer: Peer,
  people: readonly PolicySubject[],
  probes: readonly PolicyProbe[],
  repeats: number,
): number {
  let at = 0;
  return nanoseconds(100 * repeats, () => {
    const person = people[at % people.length] as PolicySubject;
    const probe = probes[at++ % probes.length] as PolicyProbe;
    peer(person, probe.app, probe.port);
  });
}

/** Decisions by the full rule language, and against peers by rules that these can say too; times, so less is better. */
export async function policyRows(rounds: number): Promise<Row[]> {
  const rows = [...fullRows(1_000, 50, 2, rounds), ...fullRows(100_000, 100, 80, rounds)];
  return [...rows, ...(await peerRows(rounds))];
}
