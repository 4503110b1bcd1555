import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CausewayError } from '@causeway/contract';
import { RpcChannel, type Handlers } from '../../rpc/channel.ts';
import type { OfferedSnapshot } from '../../rpc/offered-snapshot.ts';
import type { ControlCalls, EdgeCalls, EdgeSecrets, EventRecord, SessionGrant } from '../../rpc/messages.ts';

/** The control process's side of the line, for tests: answers edges from what stands in its fields. */
export class FakeControl {
  readonly dataDir = mkdtempSync(join(tmpdir(), 'causeway-edge-'));
  readonly events: EventRecord[] = [];
  readonly reports: EdgeCalls['tunnel.report']['args'][] = [];
  readonly grants = new Map<string, SessionGrant>();
  /** What tests change of the answers. */
  readonly answers: Partial<Handlers<EdgeCalls>> = {};
  epoch = 1;
  lookups = 0;
  /** Set while its store is lost. */
  storeLostMs: number | null = null;
  snapshot: OfferedSnapshot;
  readonly secrets: EdgeSecrets;
  readonly #channels = new Set<RpcChannel<ControlCalls, EdgeCalls>>();
  #server: net.Server | null = null;
  #beat: NodeJS.Timeout | null = null;

  constructor(snapshot: OfferedSnapshot, secrets: EdgeSecrets) {
    this.snapshot = snapshot;
    this.secrets = secrets;
    mkdirSync(join(this.dataDir, 'run'), { mode: 0o700 });
  }

  async listen(): Promise<void> {
    const server = net.createServer((socket) => {
      const channel: RpcChannel<ControlCalls, EdgeCalls> = new RpcChannel<ControlCalls, EdgeCalls>(
        socket,
        this.#handlers(),
        () => this.#channels.delete(channel),
      );
      this.#channels.add(channel);
    });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(join(this.dataDir, 'run', 'control.sock'), resolve));
    this.#beat = setInterval(
      () => void this.#tell('feed.beat', { epoch: this.epoch, storeLostMs: this.storeLostMs }),
      1_000,
    );
  }

  /** As when the control process is killed. */
  async vanish(): Promise<void> {
    if (this.#beat !== null) clearInterval(this.#beat);
    for (const channel of this.#channels) channel.destroy();
    await new Promise<void>((resolve) => {
      if (this.#server === null) resolve();
      else this.#server.close(() => resolve());
    });
    this.#server = null;
  }

  async close(): Promise<void> {
    await this.vanish();
    rmSync(this.dataDir, { recursive: true, force: true });
  }

  async grant(grant: SessionGrant): Promise<void> {
    this.grants.set(grant.tokenHash, grant);
    await this.#tell('session.put', grant);
  }

  /** Other groups of those who are signed in. */
  async regroup(grants: readonly SessionGrant[]): Promise<void> {
    for (const grant of grants) this.grants.set(grant.tokenHash, grant);
    await this.#tell('sessions.regroup', { grants });
  }

  async revoke(what: {
    sessions?: string[];
    devices?: string[];
    publishers?: string[];
    suspended?: string[];
    quarantined?: string[];
  }): Promise<void> {
    this.epoch++;
    for (const [hash, grant] of this.grants) {
      if (what.sessions?.includes(grant.principal.session) === true) this.grants.delete(hash);
    }
    const { sessions = [], devices = [], publishers = [], suspended = [], quarantined = [] } = what;
    await this.#tell('revoke', {
      epoch: this.epoch,
      sessions,
      devices,
      publishers,
      suspended,
      quarantined,
      why: 'test',
    });
  }

  async publish(snapshot: OfferedSnapshot): Promise<void> {
    this.snapshot = snapshot;
    await this.#tell('snapshot.put', snapshot.manifest);
  }

  async #tell<K extends keyof ControlCalls>(call: K, args: ControlCalls[K]['args']): Promise<void> {
    await Promise.allSettled([...this.#channels].map((channel) => channel.call(call, args)));
  }

  #handlers(): Handlers<EdgeCalls> {
    const refuse = (): never => {
      throw new CausewayError('CW_MESSAGE_INVALID', 'the test did not expect this');
    };
    return {
      'edge.hello': () => ({
        snapshot: this.snapshot.manifest,
        secrets: this.secrets,
        sessions: this.storeLostMs === null ? [...this.grants.values()] : null,
        epoch: this.epoch,
        storeLostMs: this.storeLostMs,
      }),
      'snapshot.piece': ({ hash, from }) => {
        const bytes = this.snapshot.piece(hash, from);
        return bytes === null ? null : { bytes };
      },
      'snapshot.newest': () => this.snapshot.manifest,
      'session.lookup': ({ tokenHash }) => {
        this.lookups++;
        return this.grants.get(tokenHash) ?? null;
      },
      'event.batch': ({ events }) => {
        this.events.push(...events);
        return null;
      },
      'edge.status': () => null,
      'session.end': (args) => (this.answers['session.end'] ?? refuse)(args),
      'ticket.redeem': (args) => (this.answers['ticket.redeem'] ?? refuse)(args),
      'tunnel.peer': (args) => (this.answers['tunnel.peer'] ?? refuse)(args),
      'tunnel.report': (args) => {
        this.reports.push(args);
        return null;
      },
      'tunnel.enrol': (args) => (this.answers['tunnel.enrol'] ?? refuse)(args),
      'tunnel.renew': (args) => (this.answers['tunnel.renew'] ?? refuse)(args),
    };
  }
}
