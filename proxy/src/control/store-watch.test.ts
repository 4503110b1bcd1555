import { CausewayError } from '@causeway/contract';
import { expect, test, vi } from 'vitest';
import { Health } from './health.ts';
import { StoreWatch } from './store-watch.ts';

test('a store that never answers again is down, and given up once; one that comes back is not', async () => {
  let failure: CausewayError | null = null;
  const epoch = (): Promise<number> => (failure === null ? Promise.resolve(1) : Promise.reject(failure));
  const health = new Health();
  const onGone = vi.fn<(error: CausewayError) => void>();
  const watch = new StoreWatch({ epoch }, health, onGone);
  const look = async (times: number): Promise<void> => {
    for (let i = 0; i < times; i++) await watch.look();
  };

  await look(1);
  expect(health.ready).toBe(true);
  failure = new CausewayError('CW_STORE_FAILED', 'disk I/O error');
  await look(2);
  expect(health.ready).toBe(false);
  expect(health.degraded()).toEqual(['store: disk I/O error']);
  failure = null;
  await look(1);
  expect(health.ready).toBe(true);

  failure = new CausewayError('CW_BUSY');
  await look(5);
  expect(onGone).not.toHaveBeenCalled();
  failure = new CausewayError('CW_STORE_FAILED', 'disk I/O error');
  await look(5);
  expect(onGone).toHaveBeenCalledOnce();
  expect(onGone.mock.calls[0]?.[0]).toMatchObject({ code: 'CW_STORE_FAILED', message: 'disk I/O error' });
});
