import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeJoinToken, type JoinToken } from '@causeway/contract';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { loadIdentity } from './identity.ts';
import { forgetIdentity, identityFile, obtainIdentity, type ObtainOptions, prepareDataDir } from './obtain-identity.ts';
import { FakePop } from './pop-fake.ts';
import { noLeaks } from './tunnel-pair.ts';

let pop: FakePop;
let dataDir: string;
let lines: string[];
beforeEach(async () => {
  pop = await FakePop.start();
  dataDir = await mkdtemp(join(tmpdir(), 'obtain-'));
  lines = [];
});
afterEach(async () => {
  await pop.close();
  await rm(dataDir, { recursive: true });
  await noLeaks();
});

function obtain(token?: JoinToken, options: Partial<ObtainOptions> = {}): ReturnType<typeof obtainIdentity> {
  return obtainIdentity({
    dataDir,
    kind: 'device',
    advice: 'ask for a code',
    token: token === undefined ? undefined : encodeJoinToken(token),
    transport: 'tls',
    name: 'laptop',
    log: { info: (_fields, message) => lines.push(message), warn: (_fields, message) => lines.push(message) },
    ...options,
  });
}

it('enrols once; the same command line then takes what is stored', async () => {
  const identity = await obtain(pop.token('device'));
  expect(await loadIdentity(identityFile(dataDir))).toEqual(identity);
  expect(await obtain()).toEqual(identity);
  expect(await obtain({ ...pop.token('device'), secret: 'a secret that was used up' })).toEqual(identity);
  expect(lines).toEqual(['enrolled', 'enrolled already: the join token was not used']);
  expect(await obtain(undefined, { pop: 'elsewhere.example:443' })).toEqual({
    ...identity,
    pop: 'elsewhere.example:443',
  });
});

it('enrols anew with a token of another deployment', async () => {
  const first = await obtain(pop.token('device'));
  const other = await FakePop.start();
  try {
    const second = await obtain(other.token('device'));
    expect([second.pop, second.ca === first.ca]).toEqual([other.address, false]);
  } finally {
    await other.close();
  }
});

it('says what to do without a token, and refuses one for the other kind', async () => {
  await expect(obtain()).rejects.toMatchObject({
    code: 'CW_NOT_ENROLLED',
    message: `no identity in ${dataDir}: ask for a code`,
  });
  await expect(obtain(pop.token('publisher'))).rejects.toMatchObject({ code: 'CW_TOKEN_INVALID' });
});

it('takes a refusal as final, and waits for a PoP that is not there until it is told to stop', async () => {
  const used = { ...pop.token('device'), secret: 'a secret that was used up' };
  await expect(obtain(used)).rejects.toMatchObject({ code: 'CW_TOKEN_INVALID' });
  const stop = new AbortController();
  const log = { info: () => {}, warn: () => stop.abort(new Error('stopped')) };
  const gone = { ...pop.token('device'), pop: '127.0.0.1:1' };
  await expect(obtain(gone, { signal: stop.signal, log })).rejects.toThrow('aborted');
  expect(stop.signal.aborted).toBe(true);
});

it('forgets', async () => {
  expect(await forgetIdentity(dataDir)).toBe(false);
  await obtain(pop.token('device'));
  expect(await forgetIdentity(dataDir)).toBe(true);
  await expect(obtain()).rejects.toMatchObject({ code: 'CW_NOT_ENROLLED' });
});

it('makes a data folder that only its user may enter', async () => {
  const made = join(dataDir, 'a', 'b');
  await prepareDataDir(made);
  expect((await stat(made)).mode & 0o777).toBe(0o700);
  const file = join(dataDir, 'file');
  await writeFile(file, '');
  await expect(prepareDataDir(join(file, 'x'))).rejects.toMatchObject({ code: 'CW_DATA_UNUSABLE' });
});
