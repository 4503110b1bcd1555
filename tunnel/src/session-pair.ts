import type { CausewayError } from '@causeway/contract';
import type { WindowBudget } from './mux-limits.ts';
import { MuxSession } from './mux-session.ts';
import type { MuxStream } from './mux-stream.ts';

/** Two sessions whose bytes travel in pieces of any size, when the test says so. */
export function sessionPair(
  maxWindowBytes: number,
  budget: WindowBudget,
  onStream: (stream: MuxStream) => void,
  onClosed: (error: CausewayError | null) => void,
) {
  const turn: (() => void)[] = [];
  const wires: Record<'client' | 'server', Buffer> = { client: Buffer.alloc(0), server: Buffer.alloc(0) };
  const full: Record<'client' | 'server', boolean> = { client: false, server: false };
  let time = 0;
  const make = (role: 'client' | 'server'): MuxSession =>
    new MuxSession({
      role,
      limits: { maxWindowBytes },
      budget,
      now: () => (time += 0.001),
      output: (chunks) => {
        wires[role] = Buffer.concat([wires[role], ...chunks]);
        full[role] = wires[role].length > 100_000;
        return !full[role];
      },
      onStream,
      onClosed,
      schedule: (run) => turn.push(run),
    });
  const sessions = { client: make('client'), server: make('server') };
  const runTurn = (): void => {
    for (let run = turn.shift(); run !== undefined; run = turn.shift()) run();
  };
  return {
    sessions,
    /** Moves at most `bytes` of what `from` sent. @returns whether anything moved */
    move(from: 'client' | 'server', bytes: number): boolean {
      runTurn();
      const piece = Buffer.from(wires[from].subarray(0, bytes));
      wires[from] = wires[from].subarray(piece.length);
      if (piece.length > 0) sessions[from === 'client' ? 'server' : 'client'].receive(piece);
      if (full[from] && wires[from].length < 50_000) {
        full[from] = false;
        sessions[from].outputDrained();
      }
      runTurn();
      return piece.length > 0 || wires[from].length > 0;
    },
  };
}
