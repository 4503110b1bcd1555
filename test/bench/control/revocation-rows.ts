import { hash } from 'node:crypto';
import {
  ACCESS_DOMAIN,
  CrowdedEdge,
  FakeCa,
  FakeControl,
  secretsOf,
  snapshotOf,
  type Configuration,
} from '@causeway/proxy/measured-edge';
import { OTHER_CORE, pin, SUBJECT_CORE } from '../pinning.ts';
import { limitRow, type Row } from '../row.ts';
import type { PartOptions } from './part.ts';

const SESSIONS = 10_000;
const STREAMS_EACH = 5;
const APPS = 200;
const RULES = 1_000;
const GROUPS = 500;
const LIMIT_MS = 1_000;
const BLOCKED_MS = 20;
/** People whose grants control tells at once. */
const PAGE = 500;

interface Case {
  readonly name: string;
  /** How many streams it ends, of those that are open before. */
  readonly cuts: number;
  /** Tells the edge, and resolves when it has answered. */
  readonly tell: (control: FakeControl) => Promise<void>;
}

const CASES: readonly Case[] = [
  {
    name: 'half the sessions ended',
    cuts: (SESSIONS / 2) * STREAMS_EACH,
    tell: (control) => control.revoke({ sessions: people(0, SESSIONS / 2).map(sessionOf) }),
  },
  { name: 'sessions ended that are not here', cuts: 0, tell: (control) => control.revoke({ sessions: strangers() }) },
  {
    name: 'everybody has other groups, half lose access',
    cuts: (SESSIONS / 2) * STREAMS_EACH,
    tell: async (control) => {
      for (let from = 0; from < SESSIONS; from += PAGE) {
        const regrouped = people(from, from + PAGE).map((i) => grantOf(i, i < SESSIONS / 2 ? [] : [groupOf(i), 'new']));
        await control.regroup(regrouped);
      }
      await control.revoke({});
    },
  },
  {
    name: 'a snapshot that blocks half',
    cuts: (SESSIONS / 2) * STREAMS_EACH,
    tell: (control) => control.publish(snapshotOf(2, configuration(GROUPS / 2))),
  },
  {
    name: 'a snapshot that changes nothing',
    cuts: 0,
    tell: (control) => control.publish(snapshotOf(2, configuration(0))),
  },
];

const people = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
const sessionOf = (person: number): string => `s_${person}`;
const groupOf = (person: number): string => `group-${person % GROUPS}`;
const strangers = (): string[] => people(0, SESSIONS / 2).map((i) => `s_stranger_${i}`);

function grantOf(person: number, groups: readonly string[]) {
  return {
    tokenHash: hash('sha256', `token ${person}`, 'base64url'),
    host: `app${person % APPS}.${ACCESS_DOMAIN}`,
    principal: {
      user: `u${person}@corp.example`,
      displayName: `Person ${person}`,
      groups: [...groups],
      method: 'browser' as const,
      authenticatedAt: 0,
      session: sessionOf(person),
    },
    expiresAt: Number.MAX_SAFE_INTEGER,
  };
}

/** @param blocked how many of the groups lose what they had */
function configuration(blocked: number): Configuration {
  return {
    apps: Array.from({ length: APPS }, (_, i) => ({
      name: `app${i}`,
      hosts: [`app${i}.corp.example`],
      ports: ['tcp/443'],
      publishers: ['p'],
      clientless: { urls: [`app${i}.${ACCESS_DOMAIN}`], upstream: { host: `app${i}.corp.example`, port: 443 } },
    })),
    rules: Array.from({ length: RULES }, (_, i) => ({
      name: `rule${i}`,
      groups: [`group-${i % GROUPS}`],
      ports: ['tcp/443'],
      action: i % GROUPS < blocked ? ('block' as const) : ('allow' as const),
    })),
  };
}

async function measure(one: Case): Promise<{ ms: number; blockedMs: number }> {
  const control = new FakeControl(snapshotOf(1, configuration(0)), await secretsOf(await FakeCa.create()));
  const grants = people(0, SESSIONS).map((person) => grantOf(person, [groupOf(person)]));
  for (const grant of grants) control.grants.set(grant.tokenHash, grant);
  await control.listen();
  const edge = await CrowdedEdge.start(control);
  try {
    await pin(SUBJECT_CORE, [edge.pid]);
    const tokens = grants.map(({ tokenHash }) => tokenHash);
    const { streams } = await edge.call('open', { tokens, each: STREAMS_EACH });
    if (streams !== SESSIONS * STREAMS_EACH) throw new Error(`${streams} streams are open`);
    await edge.call('watch', null);
    const from = performance.now();
    await one.tell(control);
    const ms = performance.now() - from;
    const { streams: left, blockedMs } = await edge.call('report', null);
    if (left !== streams - one.cuts) throw new Error(`${one.name}: ${left} streams are left`);
    return { ms, blockedMs };
  } finally {
    await edge.stop();
    await control.close();
  }
}

/** From what control says until the edge answers that the last stream is decided again, and cut where it must be. */
export async function revocationRows({ rounds }: PartOptions): Promise<Row[]> {
  await pin(OTHER_CORE, [process.pid]);
  const rows: Row[] = [];
  for (const one of CASES) {
    const taken: { ms: number; blockedMs: number }[] = [];
    for (let round = 0; round < rounds; round++) taken.push(await measure(one));
    const name = `50,000 streams decided again: ${one.name}`;
    rows.push(
      limitRow(
        name,
        'ms',
        taken.map(({ ms }) => ms),
        LIMIT_MS,
      ),
      limitRow(
        `${name}; loop blocked`,
        'ms',
        taken.map(({ blockedMs }) => blockedMs),
        BLOCKED_MS,
      ),
    );
  }
  return rows;
}
