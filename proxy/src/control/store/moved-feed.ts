import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from 'pg';
import type { StoreGate } from './store-gate.ts';

const CHANNEL = 'causeway_moved';
/** Where listening does not work, as through a connection pooler, another's change is seen so much later. */
const POLL_MS = 1_000;
const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 4_000;
/** A server that hangs does not say goodbye either. */
const GOODBYE_MS = 1_000;

/**
 * Hears from PostgreSQL that another control process moved a counter. A notice says no more than that something moved;
 * it may be lost while the connection is down, so subscribers are also told after every reconnect and once a second.
 *
 *     down --connect--> listening --connection lost--> down (again after a pause) ... stopped (final)
 *
 * While the store is lost nobody is told, because nobody could read what moved; `renew` begins anew when it is back, on
 * another connection, since of one that hangs nothing is heard.
 */
export class MovedFeed {
  readonly #connect: () => Client;
  readonly #gate: StoreGate;
  readonly #listeners = new Set<() => void>();
  #client: Client | null = null;
  #retry: NodeJS.Timeout | null = null;
  #retryMs = FIRST_RETRY_MS;
  #poll: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor(connect: () => Client, gate: StoreGate) {
    this.#connect = connect;
    this.#gate = gate;
  }

  start(): void {
    this.#poll = setInterval(() => this.#tell(), POLL_MS);
    void this.#listen();
  }

  /** @returns ends it */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Listens on a new connection. */
  renew(): void {
    if (this.#stopped) return;
    const previous = this.#client;
    this.#client = null;
    void previous?.end().catch(() => {});
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#retryMs = FIRST_RETRY_MS;
    void this.#listen();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#poll !== null) clearInterval(this.#poll);
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#listeners.clear();
    const goodbye = this.#client?.end().catch(() => {});
    await Promise.race([goodbye, delay(GOODBYE_MS, undefined, { ref: false })]);
  }

  async #listen(): Promise<void> {
    this.#retry = null;
    if (this.#stopped) return;
    const client = this.#connect();
    this.#client = client;
    client.on('notification', () => this.#tell());
    client.on('error', () => {});
    client.on('end', () => this.#again(client));
    try {
      await client.connect();
      await client.query(`listen ${CHANNEL}`);
      this.#retryMs = FIRST_RETRY_MS;
      this.#tell();
    } catch {
      this.#again(client);
    }
  }

  /** A failed attempt may both reject and end. Pauses differ, so that PoPs do not come back in step. */
  #again(client: Client): void {
    if (this.#stopped || this.#client !== client) return;
    this.#client = null;
    void client.end().catch(() => {});
    this.#retry = setTimeout(() => void this.#listen(), this.#retryMs * (0.5 + Math.random()));
    this.#retryMs = Math.min(this.#retryMs * 2, LAST_RETRY_MS);
  }

  #tell(): void {
    if (this.#gate.closed) return;
    for (const listener of this.#listeners) listener();
  }
}
