import { connect } from 'node:net';
import { join } from 'node:path';
import { CausewayError } from '@causeway/contract';
import { RpcChannel } from '../rpc/channel.ts';
import type { AdminCalls } from '../rpc/messages.ts';

/**
 * One call to the running PoP over its data folder's socket, which only the PoP's own user may open.
 * Rejects with `CW_RPC_CLOSED` and a sentence that says what to start when nothing answers.
 */
export async function askPop<K extends keyof AdminCalls>(
  dataDir: string,
  call: K,
  args: AdminCalls[K]['args'],
  timeoutMs = 10_000,
): Promise<AdminCalls[K]['answer']> {
  const path = join(dataDir, 'run', 'control.sock');
  const socket = connect(path);
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', (error: NodeJS.ErrnoException) => {
      const denied = error.code === 'EACCES' || error.code === 'EPERM';
      const message = denied
        ? `${path} belongs to another user; run this as the user who runs the PoP`
        : `no PoP answers at ${path}; is it running, and is --data right?`;
      reject(new CausewayError('CW_RPC_CLOSED', message, { cause: error }));
    });
  });
  const channel = new RpcChannel<AdminCalls, object>(socket, {}, () => undefined);
  try {
    return await channel.call(call, args, timeoutMs);
  } finally {
    channel.destroy();
  }
}
