import { parentPort, workerData } from 'node:worker_threads';
import { SqliteConnection } from './sqlite-connection.ts';
import { isSqliteLoss } from './sqlite-loss.ts';
import type { FromStoreThread, StoreThreadStart, ToStoreThread } from './thread-protocol.ts';

/** Entry of a thread that holds one connection to the store's file. `workerData` is a `StoreThreadStart`. */
const port = parentPort;
if (port === null) throw new Error('sqlite-thread.ts runs as a worker thread');
const say = (message: FromStoreThread): void => port.postMessage(message);

function refusal(error: unknown): { code: 'CW_STORE_FAILED' | 'CW_STORE_LOST'; message: string } {
  return {
    code: isSqliteLoss(error) ? 'CW_STORE_LOST' : 'CW_STORE_FAILED',
    message: error instanceof Error ? error.message : String(error),
  };
}

try {
  const { file, readOnly } = workerData as StoreThreadStart;
  const connection = await SqliteConnection.open(file, readOnly);
  const running = new Set<Promise<void>>();
  const answer = async ({ id, sql, parameters }: Extract<ToStoreThread, { t: 'query' }>): Promise<void> => {
    try {
      say({ t: 'answer', id, value: await connection.query(sql, parameters) });
    } catch (error) {
      say({ t: 'refusal', id, ...refusal(error) });
    }
  };
  const close = async (): Promise<void> => {
    await Promise.all(running);
    connection.close();
    port.close();
  };
  port.on('message', (message: ToStoreThread) => {
    if (message.t === 'close') return void close();
    if (message.t === 'reset') return connection.reset();
    const run = answer(message).finally(() => running.delete(run));
    running.add(run);
  });
  say({ t: 'open' });
} catch (error) {
  say({ t: 'failed', ...refusal(error) });
}
