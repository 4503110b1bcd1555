import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { codeOf, decodeJoinToken, LIMITS } from '@causeway/contract';
import { memorySecrets } from '../sealing/fixtures/memory-secrets.ts';
import { openStore } from '../store/kysely-store.ts';
import type { Store } from '../store/store.ts';
import { openCa, type Ca } from './ca.ts';
import { openEnrolment, type Enrolment } from './enrolment.ts';
import { newRequest } from './fixtures/requests.ts';
import { issueJoinToken } from './join-tokens.ts';

const DAY = 86_400_000;
let folder = '';
let store: Store;
let ca: Ca;
let enrolment: Enrolment;
let clock = Date.UTC(2030, 0, 1);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'causeway-enrolment-'));
  store = await openStore({ file: join(folder, 's.sqlite') });
  ca = await openCa(memorySecrets(), () => clock);
  enrolment = openEnrolment(store, ca, () => clock);
});
afterAll(async () => {
  await store.close();
  await rm(folder, { recursive: true });
});

async function secretFor(kind: 'publisher' | 'device', owner: string, lifeMs = 60_000): Promise<string> {
  const request = { kind, owner, pop: 'pop.example:443', tunnelDomain: 'tunnel.example', lifeMs, now: clock };
  const { token, expiresAt } = await issueJoinToken(store, ca, request);
  expect(expiresAt).toBe(clock + lifeMs);
  const decoded = decodeJoinToken(token);
  expect(decoded).toMatchObject({ kind, pop: 'pop.example:443', tunnelDomain: 'tunnel.example', ca: ca.fingerprint });
  return decoded.secret;
}

function fingerprint(certificate: string): string {
  return new X509Certificate(certificate).fingerprint256.replaceAll(':', '').toLowerCase();
}

test('a publisher enrols under the name of its token, and replicas share the name', async () => {
  const [one, two] = await Promise.all([secretFor('publisher', 'dc1'), secretFor('publisher', 'dc1')]);
  const first = await enrolment.enrol({ secret: one, csr: (await newRequest()).csr, name: 'dc9' });
  const second = await enrolment.enrol({ secret: two, csr: (await newRequest()).csr, name: 'dc9' });
  expect(first).toMatchObject({ kind: 'publisher', name: 'dc1', ca: ca.certificate });
  expect(first.id).toMatch(/^p_[\w-]{22}$/);
  expect(second.id).not.toBe(first.id);
  const held = { fingerprint: fingerprint(first.certificate), id: first.id };
  expect(await enrolment.peer(held)).toEqual({ kind: 'publisher', id: first.id, name: 'dc1' });
});

test('a device belongs to the person who made the token, and its name is one clean line', async () => {
  const secret = await secretFor('device', 'ann');
  const { id, name, certificate } = await enrolment.enrol({
    secret,
    csr: (await newRequest('ed25519')).csr,
    name: '  Ann\u202e’s\n\u0007laptop ',
  });
  expect(name).toBe('Ann ’s laptop');
  expect(await enrolment.peer({ fingerprint: fingerprint(certificate), id })).toEqual({
    kind: 'device',
    id,
    name,
    user: 'ann',
  });
  expect(await store.devicesOf(['ann'])).toHaveLength(1);
});

test('a token enrols once, is kept only as a hash, and a bad request does not spend it', async () => {
  const secret = await secretFor('device', 'bob');
  expect(await store.takeJoinToken(secret, clock)).toBeNull();
  await expect(enrolment.enrol({ secret, csr: 'nonsense', name: 'x' })).rejects.toMatchObject({
    code: 'CW_CSR_INVALID',
  });
  const { csr } = await newRequest();
  const tries = await Promise.all(
    Array.from({ length: 4 }, () => enrolment.enrol({ secret, csr, name: 'x' }).then(() => 'enrolled', codeOf)),
  );
  expect(tries.toSorted()).toEqual(['CW_TOKEN_INVALID', 'CW_TOKEN_INVALID', 'CW_TOKEN_INVALID', 'enrolled']);
  expect(await store.devicesOf(['bob'])).toHaveLength(1);
});

test('a token that is late or unknown enrols nobody', async () => {
  const { csr } = await newRequest();
  const secret = await secretFor('device', 'ann', 1_000);
  clock += 1_000;
  for (const wrong of [secret, 'x'.repeat(43)]) {
    await expect(enrolment.enrol({ secret: wrong, csr, name: 'x' })).rejects.toMatchObject({
      code: 'CW_TOKEN_INVALID',
    });
  }
});

test('an expired certificate only renews, a revoked one not even that', async () => {
  const secret = await secretFor('publisher', 'dc2');
  const first = await enrolment.enrol({ secret, csr: (await newRequest()).csr, name: 'dc2' });
  const held = { fingerprint: fingerprint(first.certificate), id: first.id };
  clock += LIMITS.certificateDays * DAY;
  await expect(enrolment.peer(held)).rejects.toMatchObject({ code: 'CW_CERT_EXPIRED' });

  const { certificate } = await enrolment.renew({ ...held, csr: (await newRequest()).csr });
  const renewed = { fingerprint: fingerprint(certificate), id: first.id };
  expect(await enrolment.peer(renewed)).toMatchObject({ id: first.id, name: 'dc2' });
  expect(new X509Certificate(certificate).validToDate.getTime()).toBe(clock + LIMITS.certificateDays * DAY);

  expect(await store.revokePublisher(first.id, clock)).toBe(true);
  const { csr } = await newRequest();
  await expect(enrolment.peer(renewed)).rejects.toMatchObject({ code: 'CW_CERT_REVOKED' });
  await expect(enrolment.renew({ ...renewed, csr })).rejects.toMatchObject({ code: 'CW_CERT_REVOKED' });
  await expect(enrolment.renew({ ...held, csr })).rejects.toMatchObject({ code: 'CW_CERT_REVOKED' });
});

test('a certificate that we did not issue, or not to this id, is foreign', async () => {
  const enrolled = async () =>
    enrolment.enrol({ secret: await secretFor('publisher', 'dc3'), csr: (await newRequest()).csr, name: 'dc3' });
  const mine = await enrolled();
  const other = await enrolled();
  const { csr } = await newRequest();
  for (const held of [
    { fingerprint: '0'.repeat(64), id: mine.id },
    { fingerprint: fingerprint(mine.certificate), id: 'p_unknown' },
    { fingerprint: fingerprint(mine.certificate), id: other.id },
  ]) {
    await expect(enrolment.peer(held)).rejects.toMatchObject({ code: 'CW_CERT_FOREIGN' });
    await expect(enrolment.renew({ ...held, csr })).rejects.toMatchObject({ code: 'CW_CERT_FOREIGN' });
  }
});
