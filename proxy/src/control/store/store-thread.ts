import { parentPort, workerData } from 'node:worker_threads';
import { codeOf } from '@causeway/contract';
import { openSqliteStore } from './sqlite-store.ts';
import type { Store } from './store.ts';
import type { FromStoreThread, StoreMethod, ToStoreThread } from './thread-protocol.ts';

/** Entry of the thread that owns the store's writer. `workerData` is the file. */
const port = parentPort;
if (port === null) throw new Error('store-thread.ts runs as a worker thread');
const say = (message: FromStoreThread): void => port.postMessage(message);

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The main thread is of this version and sends what `ThreadStore` typed; a method reads its own arguments. */
function call(store: Store, method: StoreMethod, args: readonly unknown[]): Promise<unknown> {
  if (method === 'secret') {
    const [name, value] = args as [string, string];
    return store.secret(name, () => value);
  }
  const bound = store[method] as (...all: unknown[]) => Promise<unknown>;
  return bound.apply(store, [...args]);
}

try {
  const store = await openSqliteStore(String(workerData));
  const running = new Set<Promise<void>>();
  const answer = async ({ id, method, args }: Extract<ToStoreThread, { t: 'call' }>): Promise<void> => {
    try {
      say({ t: 'answer', id, value: await call(store, method, args) });
    } catch (error) {
      say({ t: 'refusal', id, code: codeOf(error), message: text(error) });
    }
  };
  const close = async (): Promise<void> => {
    await Promise.all(running);
    await store.close();
    port.close();
  };
  port.on('message', (message: ToStoreThread) => {
    if (message.t === 'close') return void close();
    const run = answer(message).finally(() => running.delete(run));
    running.add(run);
  });
  say({ t: 'open' });
} catch (error) {
  say({ t: 'failed', code: codeOf(error), message: text(error) });
}
