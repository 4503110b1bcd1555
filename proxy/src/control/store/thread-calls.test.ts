import { afterEach, describe, expect, test } from 'vitest';
import { ThreadCalls, type ThreadOptions } from './thread-calls.ts';

/** A thread that speaks the protocol and misbehaves on demand. */
const entry = new URL('./fixtures/faulty-thread.ts', import.meta.url);

describe('the thread of the store', () => {
  let calls: ThreadCalls | null = null;
  afterEach(() => calls?.close());

  const open = async (options: ThreadOptions = {}): Promise<ThreadCalls> => {
    calls = new ThreadCalls({ file: 'none', readOnly: false }, { entry, ...options });
    await calls.open();
    return calls;
  };

  test('more statements than the bound are refused, and the others answered', async () => {
    const thread = await open({ maxPending: 3 });
    const answers = await Promise.allSettled(Array.from({ length: 5 }, () => thread.query('ok', [])));
    expect(answers.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'rejected',
      'rejected',
    ]);
    expect(answers[4]).toMatchObject({ reason: { code: 'CW_BUSY' } });
  });

  test('one that dies fails the statements under way and is started again, however often', async () => {
    const thread = await open();
    for (let times = 1; times <= 2; times++) {
      const { generation } = thread;
      const [death, bystander] = await Promise.allSettled([thread.query('die', []), thread.query('hang', [])]);
      expect(death).toMatchObject({ reason: { code: 'CW_STORE_LOST', message: /on demand/ } });
      expect(bystander).toMatchObject({ reason: { code: 'CW_STORE_LOST' } });
      await expect(thread.query('ok', [])).rejects.toMatchObject({ code: 'CW_STORE_LOST', message: /on demand/ });
      await expect.poll(() => thread.query('ok', []).catch(() => null)).toEqual({ rows: [7], changes: 0 });
      expect(thread.generation).toBe(generation + 1);
    }
  });

  test('a statement that is never answered ends by itself', async () => {
    const thread = await open({ timeoutMs: 2_000 });
    await expect(thread.query('hang', [])).rejects.toMatchObject({
      code: 'CW_STORE_LOST',
      message: /did not answer/,
    });
    expect(await thread.query('ok', [])).toEqual({ rows: [7], changes: 0 });
  });
});
