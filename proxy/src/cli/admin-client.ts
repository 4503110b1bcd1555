import { connect } from 'node:net';
import { join } from 'node:path';
import { CausewayError } from '@causeway/contract';
import { RpcChannel, type Handlers } from '../rpc/channel.ts';
import type { AdminCalls, TailCalls } from '../rpc/messages.ts';

/**
 * A connection to the running PoP over its data folder's socket, which only the PoP's own user may open.
 * Rejects with `CW_RPC_CLOSED` and a sentence that says what to start when nothing answers.
 */
export async function connectPop(
  dataDir: string,
  handlers: Partial<Handlers<TailCalls>>,
  onClose: () => void,
): Promise<RpcChannel<AdminCalls, TailCalls>> {
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
  return new RpcChannel<AdminCalls, TailCalls>(socket, handlers, onClose);
}

/** One call on a connection of its own; rejects as `connectPop` and with what the PoP answers. */
export async function askPop<K extends keyof AdminCalls>(
  dataDir: string,
  call: K,
  args: AdminCalls[K]['args'],
  timeoutMs = 10_000,
): Promise<AdminCalls[K]['answer']> {
  const channel = await connectPop(dataDir, {}, () => undefined);
  try {
    return await channel.call(call, args, timeoutMs);
  } finally {
    channel.destroy();
  }
}
