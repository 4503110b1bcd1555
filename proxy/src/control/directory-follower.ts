import { setTimeout as delay } from 'node:timers/promises';
import { codeOf } from '@causeway/contract';
import type { Directory } from './directory/directory.ts';
import type { DirectoryChange } from './directory/records.ts';
import { principalOf } from './device-principal.ts';
import type { Edges } from './edges.ts';
import type { Logger } from './log.ts';
import type { Revocations } from './revocation-feed.ts';
import type { Store } from './store/store.ts';

export interface DirectoryFollowerOptions {
  readonly directory: Directory;
  readonly store: Store;
  readonly edges: Pick<Edges, 'push'>;
  readonly revocations: Revocations;
  readonly log: Logger;
  readonly now: () => number;
  /** Until what the store did not answer is tried again. */
  readonly retryMs?: number;
}

const RETRY_MS = 250;
/** People whose sessions and devices are read and told at once. */
const PAGE = 500;

/**
 * Brings to the edges what the directory has committed: the end of somebody's access first, then other groups. Changes
 * that come while others are told are told together, so what waits is bounded by the people who have access.
 */
export class DirectoryFollower {
  readonly #options: DirectoryFollowerOptions;
  readonly #users = new Set<string>();
  readonly #deactivated = new Set<string>();
  readonly #sessions = new Set<string>();
  readonly #stopped = new AbortController();
  readonly #unsubscribe: () => void;
  #running: Promise<void> | null = null;

  constructor(options: DirectoryFollowerOptions) {
    this.#options = options;
    this.#unsubscribe = options.directory.onChanged((change) => this.#add(change));
  }

  /** Resolves when everything committed until now has been told. */
  async idle(): Promise<void> {
    while (this.#running !== null) await this.#running;
  }

  async stop(): Promise<void> {
    this.#unsubscribe();
    this.#stopped.abort();
    await this.idle();
  }

  #add({ users, deactivated, sessions }: DirectoryChange): void {
    for (const user of users) this.#users.add(user);
    for (const user of deactivated) this.#deactivated.add(user);
    for (const session of sessions) this.#sessions.add(session);
    this.#running ??= this.#run().finally(() => (this.#running = null));
  }

  async #run(): Promise<void> {
    const { log, retryMs = RETRY_MS } = this.#options;
    while (this.#users.size + this.#deactivated.size > 0 && !this.#stopped.signal.aborted) {
      const change: DirectoryChange = {
        users: [...this.#users],
        deactivated: [...this.#deactivated],
        sessions: [...this.#sessions],
      };
      this.#users.clear();
      this.#deactivated.clear();
      this.#sessions.clear();
      try {
        await this.#tell(change);
      } catch (error) {
        if (codeOf(error) !== 'CW_STORE_LOST')
          log.error({ err: error }, 'a change of the directory did not reach the edges yet');
        for (const user of change.users) this.#users.add(user);
        for (const user of change.deactivated) this.#deactivated.add(user);
        for (const session of change.sessions) this.#sessions.add(session);
        await delay(retryMs, undefined, { signal: this.#stopped.signal, ref: false }).catch(() => undefined);
      }
    }
  }

  async #tell({ users, deactivated, sessions }: DirectoryChange): Promise<void> {
    const { revocations, log } = this.#options;
    const suspended: string[] = [];
    for (let from = 0; from < deactivated.length; from += PAGE) {
      suspended.push(...(await this.#devicesOf(deactivated.slice(from, from + PAGE))).map(({ id }) => id));
    }
    if (deactivated.length > 0) {
      const cut = await revocations.revoke({ sessions, suspended, why: 'the person was deactivated' });
      log.info({ people: deactivated.length, sessions: sessions.length, cut }, 'access ended by the directory');
    }
    for (let from = 0; from < users.length; from += PAGE) await this.#regroup(users.slice(from, from + PAGE));
    // The epoch rose with the change, and the edges now know everything up to it.
    if (users.length > 0) await revocations.revoke({ why: 'groups changed' });
  }

  async #regroup(users: readonly string[]): Promise<void> {
    const { store, directory, edges, now } = this.#options;
    const grants = await store.grantsOf(users, now());
    if (grants.length > 0) await edges.push('sessions.regroup', { grants });
    const devices = await this.#devicesOf(users);
    const owners = await directory.accessOf(devices.map(({ user }) => user));
    await Promise.all(
      devices.map(async (device) => {
        const owner = owners.get(device.user);
        // Deactivated meanwhile, which is told next.
        if (owner?.active !== true) return;
        await edges.push('device.principal', { device: device.id, principal: principalOf(owner, device) });
      }),
    );
  }

  async #devicesOf(users: readonly string[]): Promise<{ id: string; name: string; user: string }[]> {
    const devices = await this.#options.store.devicesOf(users);
    return devices.filter(({ revokedAt }) => revokedAt === null);
  }
}
