import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { RpcChannel } from '../rpc/channel.ts';
import type { AdminCalls, ControlCalls, EdgeCalls } from '../rpc/messages.ts';

/** A line to a running control process, as edges and the command line have one. */
export type ControlLine = RpcChannel<EdgeCalls & AdminCalls, ControlCalls>;

export async function lineTo(dataDir: string): Promise<ControlLine> {
  const socket = connect(join(dataDir, 'run', 'control.sock'));
  await once(socket, 'connect');
  return new RpcChannel(socket, {}, () => undefined);
}
