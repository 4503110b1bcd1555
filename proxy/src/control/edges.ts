import { CausewayError } from '@causeway/contract';
import type { AsCallMap, RpcChannel } from '../rpc/channel.ts';
import type { AdminCalls, ControlCalls, EdgeCalls, EdgeStatus, SessionGrant, TailCalls } from '../rpc/messages.ts';
import type { SnapshotManifest } from '../rpc/snapshot.ts';
import type { Logger } from './log.ts';

export type ControlChannel = RpcChannel<ControlCalls & TailCalls, EdgeCalls & AdminCalls>;

/** How long an edge may take to act on a push before it is taken for lost. */
const ACK_MS = 2_000;
/** The same for a snapshot, of which an edge may have to fetch and build everything; beats show whether it lives. */
const SNAPSHOT_MS = 30_000;

interface Edge {
  readonly worker: number;
  readonly channel: ControlChannel;
  status: EdgeStatus | null;
}

/**
 * The edge workers that said hello on a channel that still stands. An edge that does not acknowledge a push is cut off:
 * it connects again and gets everything anew, so no edge goes on with old sessions unnoticed.
 */
export class Edges {
  readonly #edges = new Map<ControlChannel, Edge>();
  readonly #log: Logger;
  readonly #ackMs: number;
  /** Edges dropped because they did not acknowledge. */
  dropped = 0;

  constructor(log: Logger, ackMs = ACK_MS) {
    this.#log = log;
    this.#ackMs = ackMs;
  }

  get size(): number {
    return this.#edges.size;
  }

  /** A worker that was restarted says hello on a new channel; the old one, if any, is dead. */
  add(channel: ControlChannel, worker: number): void {
    for (const edge of this.#edges.values()) {
      if (edge.worker !== worker || edge.channel === channel) continue;
      this.#edges.delete(edge.channel);
      edge.channel.destroy();
    }
    if (!this.#edges.has(channel)) this.#edges.set(channel, { worker, channel, status: null });
  }

  remove(channel: ControlChannel): void {
    const edge = this.#edges.get(channel);
    if (edge === undefined) return;
    this.#edges.delete(channel);
    this.#log.info({ worker: edge.worker }, 'edge disconnected');
  }

  report(channel: ControlChannel, status: EdgeStatus): void {
    const edge = this.#edges.get(channel);
    if (edge !== undefined) edge.status = status;
  }

  statuses(): EdgeStatus[] {
    return [...this.#edges.values()]
      .flatMap((edge) => (edge.status === null ? [] : [edge.status]))
      .toSorted((a, b) => a.worker - b.worker);
  }

  /** Sends to every live edge at once; resolves with the answers of those that acknowledged in time. Never rejects. */
  async push<K extends keyof ControlCalls>(
    call: K,
    args: AsCallMap<ControlCalls>[K]['args'],
    options: {
      readonly ms?: number;
      readonly onAnswer?: (edge: Edge, answer: AsCallMap<ControlCalls>[K]['answer']) => void;
    } = {},
  ): Promise<AsCallMap<ControlCalls>[K]['answer'][]> {
    const { ms = this.#ackMs, onAnswer } = options;
    const answers = await Promise.all(
      [...this.#edges.values()].map(async (edge) => {
        try {
          const answer = await edge.channel.call(call, args, ms);
          onAnswer?.(edge, answer);
          return [answer];
        } catch (error) {
          this.#drop(edge, call, error);
          return [];
        }
      }),
    );
    return answers.flat();
  }

  /** Every live edge has it in force when this resolves, and says so. */
  async putSnapshot(manifest: SnapshotManifest): Promise<void> {
    const onAnswer = (edge: Edge, { number }: { readonly number: number }): void => {
      if (edge.status !== null) edge.status = { ...edge.status, snapshot: number };
    };
    await this.push('snapshot.put', manifest, { ms: SNAPSHOT_MS, onAnswer });
  }

  /** Every live edge holds the grant when this resolves; throws `CW_BUSY` when none does. */
  async putSession(grant: SessionGrant): Promise<void> {
    const before = this.#edges.size;
    const acknowledged = await this.push('session.put', grant);
    if (before > 0 && acknowledged.length === 0) throw new CausewayError('CW_BUSY', 'no edge took the session');
  }

  destroy(): void {
    for (const edge of this.#edges.values()) edge.channel.destroy();
    this.#edges.clear();
  }

  #drop(edge: Edge, call: string, error: unknown): void {
    if (!this.#edges.delete(edge.channel)) return;
    this.dropped += 1;
    this.#log.error({ worker: edge.worker, call, err: error }, 'edge did not acknowledge and is dropped');
    edge.channel.destroy();
  }
}
