import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CausewayError } from '@causeway/contract';
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { certificateLife, IdentityKeeper } from './identity-keeper.ts';
import { loadIdentity, type Identity } from './identity.ts';
import { FakeCa } from './pki-fake.ts';

const DAY = 86_400_000;
let ca: FakeCa;
let old: Identity;
let young: Identity;
beforeAll(async () => {
  ca = await FakeCa.create();
  old = await make(0, 3);
  young = await make(0, 30);
});

async function make(fromDays: number, toDays: number): Promise<Identity> {
  const issued = await ca.issue(['p'], fromDays, toDays);
  return { id: 'p', name: 'p', kind: 'publisher', ...issued, ca: ca.pem, pop: 'x:1', tunnelDomain: 'x' };
}

let folder: string;
let asked: number;
let clock: number;
let answer: () => Promise<Identity>;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keeper-'));
  asked = 0;
  clock = Date.now();
  answer = async () => young;
});
afterEach(() => rm(folder, { recursive: true }));

function keeper(): IdentityKeeper {
  return new IdentityKeeper({
    identity: old,
    file: join(folder, 'identity.json'),
    transport: 'tls',
    log: { info: () => {}, warn: () => {} },
    now: () => clock,
    renew: () => {
      asked += 1;
      return answer();
    },
  });
}

it('renews from two thirds of the life on, and keeps the new identity in its file', async () => {
  const one = keeper();
  clock += DAY;
  expect([await one.fresh(), asked]).toEqual([old, 0]);
  clock += DAY + 60_000;
  expect([await one.fresh(), asked]).toEqual([young, 1]);
  expect(one.current).toBe(young);
  expect(await loadIdentity(join(folder, 'identity.json'))).toEqual(young);
});

it('asks once for all who ask at the same time', async () => {
  const one = keeper();
  clock += 2.5 * DAY;
  expect(await Promise.all([one.fresh(), one.fresh(), one.fresh()])).toEqual([young, young, young]);
  expect(asked).toBe(1);
});

it('goes on with a certificate that cannot be renewed yet, asking once a minute, until it has expired', async () => {
  const one = keeper();
  answer = () => Promise.reject(new CausewayError('CW_TUNNEL_CLOSED'));
  clock += 2.5 * DAY;
  await one.fresh();
  expect([await one.fresh(), asked]).toEqual([old, 1]);
  clock += 61_000;
  await one.fresh();
  expect(asked).toBe(2);
  clock += DAY;
  await expect(one.fresh()).rejects.toMatchObject({ code: 'CW_TUNNEL_CLOSED' });
});

it('reads due and expired from the certificate', () => {
  const now = Date.now();
  const at = (days: number): [boolean, boolean] => {
    const { due, expired } = certificateLife(old.certificate, now + days * DAY);
    return [due, expired];
  };
  expect([at(1), at(2.1), at(3.1)]).toEqual([
    [false, false],
    [true, false],
    [true, true],
  ]);
});
