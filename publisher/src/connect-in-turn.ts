import type { Socket } from 'node:net';
import { CausewayError, type ErrorCode } from '@causeway/contract';
import { connectSharedRead } from '@causeway/tunnel';
import type { Target } from './target-map.ts';

export type Connect = (target: Target) => Socket;

/** `allowHalfOpen`: a client that has said all still waits for its answer. */
const connectTcp: Connect = ({ address, port }) =>
  connectSharedRead({
    host: address,
    port,
    allowHalfOpen: true,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: 30_000,
  });

/** What the system says about a failed connection, as a code of ours. */
export function connectErrorCode(systemCode: unknown): ErrorCode {
  switch (systemCode) {
    case 'ECONNREFUSED':
    case 'ECONNRESET':
      return 'CW_APP_REFUSED';
    case 'ETIMEDOUT':
      return 'CW_APP_TIMEOUT';
    case 'EMFILE':
    case 'ENFILE':
    case 'ENOBUFS':
      return 'CW_BUSY';
    default:
      return 'CW_APP_UNREACHABLE';
  }
}

/**
 * Tries the targets one after the other, so that one dead address of several costs its share of the time and no more.
 * Rejects with the code of the last failure, or with the signal's reason; never leaves a socket behind.
 */
export async function connectInTurn(
  targets: readonly Target[],
  options: { readonly budgetMs: number; readonly signal: AbortSignal; readonly connect?: Connect },
): Promise<Socket> {
  const deadline = performance.now() + options.budgetMs;
  let failure = new CausewayError('CW_APP_UNREACHABLE', 'there is no address to connect to');
  for (const [i, target] of targets.entries()) {
    const share = Math.max(0, deadline - performance.now()) / (targets.length - i);
    try {
      return await attempt(target, share, options.signal, options.connect ?? connectTcp);
    } catch (error) {
      if (!(error instanceof CausewayError) || options.signal.aborted) throw error;
      failure = error;
    }
  }
  throw failure;
}

function attempt(target: Target, timeoutMs: number, signal: AbortSignal, open: Connect): Promise<Socket> {
  const where = `${target.address} port ${target.port}`;
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const socket = open(target);
    const settle = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.off('connect', onConnect).off('error', onError);
    };
    const fail = (error: unknown): void => {
      settle();
      socket.on('error', () => undefined);
      socket.destroy();
      reject(error);
    };
    const onConnect = (): void => {
      settle();
      resolve(socket);
    };
    const onError = (error: NodeJS.ErrnoException): void => {
      fail(new CausewayError(connectErrorCode(error.code), `${where}: ${error.code ?? error.message}`));
    };
    const onAbort = (): void => fail(signal.reason);
    const timer = setTimeout(
      () => fail(new CausewayError('CW_APP_TIMEOUT', `${where}: no answer in ${Math.round(timeoutMs)} ms`)),
      timeoutMs,
    );
    socket.on('connect', onConnect).on('error', onError);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
