import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { storeSuite } from './store-suite.ts';
import { openStore } from './thread-store.ts';

storeSuite('SQLite in a thread of its own', openStore);

/** A thread that speaks the protocol and misbehaves on demand: `user('die')` and `user('hang')`. */
const faulty = new URL('./fixtures/faulty-thread.ts', import.meta.url);

describe('the thread of the store', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'causeway-thread-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  test('more calls than the bound are refused, and the others answered', async () => {
    const store = await openStore(join(folder, 's.sqlite'), { maxPending: 3 });
    const calls = await Promise.allSettled(Array.from({ length: 5 }, () => store.epoch()));
    await store.close();
    expect(calls.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected']);
    expect(calls[4]).toMatchObject({ reason: { code: 'CW_BUSY' } });
  });

  test('closing lets the writes under way end', async () => {
    const file = join(folder, 's.sqlite');
    const store = await openStore(file);
    const writes = Array.from({ length: 20 }, (_, i) => store.useAssertion(`a${i}`, 1));
    await store.close();
    expect(await Promise.all(writes)).toEqual(writes.map(() => true));
    await expect(store.epoch()).rejects.toMatchObject({ code: 'CW_STORE_FAILED' });
  });

  test('a thread that dies fails the calls under way and is started again', async () => {
    const store = await openStore('first', { entry: faulty });
    const [death, bystander] = await Promise.allSettled([store.user('die'), store.user('hang')]);
    expect(death).toMatchObject({ reason: { code: 'CW_STORE_FAILED' } });
    expect(bystander).toMatchObject({ reason: { code: 'CW_STORE_FAILED' } });
    expect(await store.epoch()).toBe(7);

    await expect(store.user('die')).rejects.toMatchObject({ code: 'CW_STORE_FAILED' });
    await expect(store.epoch()).rejects.toMatchObject({ code: 'CW_STORE_FAILED', message: /on demand/ });
    await store.close();
  });

  test('a call that is never answered ends by itself', async () => {
    const store = await openStore('x', { entry: faulty, timeoutMs: 2_000 });
    await expect(store.user('hang')).rejects.toMatchObject({ code: 'CW_STORE_FAILED', message: /did not answer user/ });
    expect(await store.epoch()).toBe(7);
    await store.close();
  });
});
