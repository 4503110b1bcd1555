import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { SamlPool } from './saml-pool.ts';
import type { SamlJob } from './saml-thread.ts';
import { field, makeTestIdp, parts, signedResponse } from './test-idp.ts';

const ACS = 'https://login.id.test/saml/acs';
const SP = 'https://login.id.test/saml/metadata';

let dir: string;
let pool: SamlPool;
let job: SamlJob;

/** A thread's program that is ready and then does `body` with each message. */
function program(body: string): URL {
  const file = join(dir, `${Math.random().toString(36).slice(2)}.mjs`);
  const source = `import { parentPort } from 'node:worker_threads';
    parentPort.on('message', (job) => { ${body} });
    parentPort.postMessage({ t: 'ready' });`;
  writeFileSync(file, source);
  return pathToFileURL(file);
}

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'causeway-saml-'));
  const idp = await makeTestIdp();
  const now = Date.now();
  const xml = signedResponse(parts({ idp, acsUrl: ACS, audience: SP, requestId: '_r', now }), idp, 'both');
  const provider = { entityId: idp.entityId, ssoUrl: 'https://idp.test/sso', certificates: [idp.certificate] };
  const trust = { idp: provider, spEntityId: SP, acsUrl: ACS };
  job = { field: field(xml), trust, expectation: { requestId: '_r', now } };
});

afterEach(() => pool.close());
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('SamlPool', () => {
  it('verifies in its thread, and hands refusals over with their code', async () => {
    pool = new SamlPool();
    const profile = await pool.verify(job);
    expect(profile.nameId).toBe('ada@corp.example');
    expect(profile.attributes.get('groups')).toEqual(['staff', 'engineering']);
    const other = { ...job, expectation: { ...job.expectation, requestId: '_other' } };
    await expect(pool.verify(other)).rejects.toMatchObject({ code: 'CW_SAML_SEMANTICS' });
    await expect(pool.verify({ ...job, field: 'x' })).rejects.toMatchObject({ code: 'CW_SAML_SHAPE' });
  });

  it('ends a thread that takes too long, and goes on with a new one', async () => {
    pool = new SamlPool({
      timeoutMs: 300,
      program: program(
        `if (job.field === 'loop') for (;;); parentPort.postMessage({ t: 'done', profile: { nameId: 'ok' } });`,
      ),
    });
    const stuck = pool.verify({ ...job, field: 'loop' });
    const waiting = pool.verify(job);
    await expect(stuck).rejects.toMatchObject({ code: 'CW_SAML_TIMEOUT' });
    await expect(waiting).resolves.toMatchObject({ nameId: 'ok' });
  });

  it('survives a thread that falls over or takes all its memory', async () => {
    pool = new SamlPool({
      program: program(
        `if (job.field === 'throw') throw new Error('x');
         if (job.field === 'eat') { const all = []; for (;;) all.push(new Array(100_000).fill({})); }
         parentPort.postMessage({ t: 'done', profile: { nameId: 'ok' } });`,
      ),
    });
    await expect(pool.verify({ ...job, field: 'throw' })).rejects.toMatchObject({ code: 'CW_SAML_TIMEOUT' });
    await expect(pool.verify({ ...job, field: 'eat' })).rejects.toMatchObject({ code: 'CW_SAML_TIMEOUT' });
    await expect(pool.verify(job)).resolves.toMatchObject({ nameId: 'ok' });
  });

  it('is bounded, and refuses what waits when it closes', async () => {
    pool = new SamlPool({ queue: 2, program: program('') });
    const first = pool.verify(job);
    const second = pool.verify(job);
    const closed = Promise.allSettled([first, second]);
    await expect(pool.verify(job)).rejects.toMatchObject({ code: 'CW_BUSY' });
    await pool.close();
    for (const result of await closed)
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'CW_BUSY' } });
    await expect(pool.verify(job)).rejects.toMatchObject({ code: 'CW_BUSY' });
  });

  it('tells what waits when the program cannot start, and tries again with the next', async () => {
    pool = new SamlPool({ program: pathToFileURL(join(dir, 'missing.mjs')) });
    await expect(pool.verify(job)).rejects.toMatchObject({ code: 'CW_SAML_TIMEOUT' });
    await expect(pool.verify(job)).rejects.toMatchObject({ code: 'CW_SAML_TIMEOUT' });
  });
});
