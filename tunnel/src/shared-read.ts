import { connect, type Socket, type TcpNetConnectOpts } from 'node:net';

/**
 * Sockets whose reads all land in one buffer of the process. Node otherwise allocates 64 KiB for every read, and most
 * reads of small answers use a hundredth of that. Whoever gets the bytes takes or copies them before it returns.
 */
const BUFFER = Buffer.allocUnsafeSlow(64 * 1024);

/** @returns false to stop reading until `socket.resume()` */
export type TakeBytes = (bytes: Uint8Array) => boolean;

interface Reads {
  take: TakeBytes | null;
  /** What came before anybody took it; reading stops with the first piece. */
  early: Uint8Array | null;
}

const reads = new WeakMap<Socket, Reads>();

/** As `net.connect`, for a socket that is read with `takeReads` and by nothing else: it emits no `data`. */
export function connectSharedRead(options: TcpNetConnectOpts): Socket {
  const state: Reads = { take: null, early: null };
  const callback = (count: number): boolean => {
    const bytes = BUFFER.subarray(0, count);
    if (state.take !== null) return state.take(bytes);
    state.early = state.early === null ? Buffer.from(bytes) : Buffer.concat([state.early, bytes]);
    return false;
  };
  const socket = connect({ ...options, onread: { buffer: BUFFER, callback } });
  reads.set(socket, state);
  return socket;
}

/** Gives the reads of such a socket to `take`, once. @returns false for any other socket */
export function takeReads(socket: object, take: TakeBytes): boolean {
  const state = reads.get(socket as Socket);
  if (state === undefined) return false;
  const { early } = state;
  state.take = take;
  state.early = null;
  if (early !== null && take(early)) (socket as Socket).resume();
  return true;
}
