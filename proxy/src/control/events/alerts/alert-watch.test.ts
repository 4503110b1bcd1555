import { pino } from 'pino';
import { beforeEach, describe, expect, test } from 'vitest';
import { AlertWatch, type Observed } from './alert-watch.ts';
import type { Raised } from './alerts.ts';

const QUIET: Observed = {
  store: true,
  publishersLost: [],
  exportsFailing: [],
  workersBehind: [],
  certificates: [],
  dropped: [],
};
const DAY = 24 * 3_600_000;
const pop = { id: 'pop_a', name: 'a' };

let now: number;
let raised: string[];
let lasting: Omit<Raised, 'message'>[];
let watch: AlertWatch;
beforeEach(() => {
  now = 1_000 * DAY;
  raised = [];
  lasting = [];
  const alerts = {
    raise: async ({ rule, subject }: Raised, times = 1) => void raised.push(`${rule} ${subject} ${times}`),
    resolve: async ({ rule, subject }: Omit<Raised, 'message'>) => void raised.push(`end of ${rule} ${subject}`),
    lasting: async () => lasting,
  };
  watch = new AlertWatch({ alerts, pop, log: pino({ level: 'silent' }), now: () => now });
});
const told = (): string[] => raised.splice(0);

describe('what lasts', () => {
  const lost = { ...QUIET, publishersLost: ['north'] };

  test('is raised once it has lasted, once, and ends with its reason', async () => {
    await watch.look(lost);
    now += 29_000;
    await watch.look(lost);
    expect(told()).toEqual([]);
    now += 1_000;
    await watch.look(lost);
    await watch.look(lost);
    expect(told()).toEqual(['publisher-lost north 1']);
    await watch.look(QUIET);
    await watch.look(QUIET);
    expect(told()).toEqual(['end of publisher-lost north']);
  });

  test('begins anew where it was interrupted', async () => {
    for (const one of [lost, QUIET, lost]) {
      await watch.look(one);
      now += 20_000;
    }
    expect(told()).toEqual([]);
  });

  test('and lived before this process began is not raised again, but ended', async () => {
    lasting = [
      { rule: 'publisher-lost', pop: pop.id, subject: 'north' },
      { rule: 'export-failing', pop: pop.id, subject: 'siem' },
    ];
    await watch.look(lost);
    expect(told()).toEqual(['end of export-failing siem']);
  });

  test('may be certificates, exports and workers', async () => {
    const bad = {
      ...QUIET,
      certificates: [
        { name: 'soon', notAfter: now + 7 * DAY - 1 },
        { name: 'later', notAfter: now + 8 * DAY },
      ],
      exportsFailing: [{ name: 'siem', detail: 'refused' }],
      workersBehind: [{ worker: 1, snapshot: 3 }],
    };
    await watch.look(bad);
    now += 30_000;
    await watch.look(bad);
    expect(told().toSorted()).toEqual([
      'certificate-ends soon 1',
      'export-failing siem 1',
      'snapshot-behind worker 1 1',
    ]);
  });
});

describe('what happens', () => {
  test('is a store that was lost, told when it is back', async () => {
    await watch.look({ ...QUIET, store: false, publishersLost: ['north'] });
    expect(told()).toEqual([]);
    await watch.look(QUIET);
    await watch.look(QUIET);
    expect(told()).toEqual(['store-lost a 1']);
  });

  test('is events that were dropped since the last look, of each process by itself', async () => {
    for (const count of [0, 3, 3, 5, 1]) await watch.look({ ...QUIET, dropped: [{ from: 'worker 0', count }] });
    expect(told()).toEqual(['events-dropped worker 0 3', 'events-dropped worker 0 2']);
  });

  test('is twenty failed logins of one address within five minutes', () => {
    for (let i = 0; i < 19; i++) watch.loginFailed('10.0.0.1');
    watch.loginFailed('10.0.0.2');
    expect(told()).toEqual([]);
    watch.loginFailed('::ffff:10.0.0.1');
    expect(told()).toEqual(['login-failures 10.0.0.1 1']);
  });

  test('is a break-glass owner, and nobody else', () => {
    const entry = { actor: 'x', actorId: '', address: '', action: 'a', target: 't', reference: '', detail: '' };
    watch.audited({ ...entry, actorKind: 'token' });
    watch.audited({ ...entry, actorKind: 'break-glass' });
    expect(told()).toEqual(['break-glass owner 1']);
  });
});
