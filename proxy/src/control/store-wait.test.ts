import { CausewayError } from '@causeway/contract';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import type { ChildMessage } from '../rpc/supervision.ts';
import { StoreWait } from './store-wait.ts';

const away = new CausewayError('CW_STORE_FAILED', 'connect ENOENT', { cause: new Error('connect ENOENT') });

function waiting() {
  const said: ChildMessage[] = [];
  const wait = new StoreWait({ log: pino({ level: 'silent' }), send: (message) => said.push(message), retryMs: 1 });
  return { wait, said };
}

test('a successor waits for the store and says so once', async () => {
  const { wait, said } = waiting();
  wait.inherit({ cert: '', key: '' });
  let attempts = 0;
  const started = await wait.until(() => (++attempts < 4 ? Promise.reject(away) : Promise.resolve('started')));
  expect([started, attempts]).toEqual(['started', 4]);
  expect(said.map((message) => message.t)).toEqual(['ready', 'health']);
  expect(JSON.stringify(said[1])).toContain('CW_STORE_LOST, waiting for it');
});

test('what has to be repaired is told at once, and so is a store that was never there', async () => {
  const newer = new CausewayError('CW_STORE_FAILED', 'written by a newer version');
  const first = waiting();
  first.wait.inherit({ cert: '', key: '' });
  await expect(first.wait.until(() => Promise.reject(newer))).rejects.toBe(newer);
  const second = waiting();
  await expect(second.wait.until(() => Promise.reject(away))).rejects.toBe(away);
  expect([...first.said, ...second.said]).toEqual([]);
});
