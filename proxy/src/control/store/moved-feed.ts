import type { Client } from 'pg';

const CHANNEL = 'causeway_moved';
/** Where listening does not work, as through a connection pooler, another's change is seen so much later. */
const POLL_MS = 1_000;
const RETRY_MS = 500;

/**
 * Hears from PostgreSQL that another control process moved a counter. A notice says no more than that something moved;
 * it may be lost while the connection is down, so subscribers are also told after every reconnect and once a second.
 *
 *     down --connect--> listening --connection lost--> down (again after a pause) ... stopped (final)
 */
export class MovedFeed {
  readonly #connect: () => Client;
  readonly #listeners = new Set<() => void>();
  #client: Client | null = null;
  #retry: NodeJS.Timeout | null = null;
  #poll: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor(connect: () => Client) {
    this.#connect = connect;
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

  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#poll !== null) clearInterval(this.#poll);
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#listeners.clear();
    await this.#client?.end().catch(() => {});
  }

  async #listen(): Promise<void> {
    if (this.#stopped) return;
    const client = this.#connect();
    this.#client = client;
    client.on('notification', () => this.#tell());
    client.on('error', () => {});
    client.on('end', () => this.#again(client));
    try {
      await client.connect();
      await client.query(`listen ${CHANNEL}`);
      this.#tell();
    } catch {
      this.#again(client);
    }
  }

  /** A failed attempt may both reject and end. */
  #again(client: Client): void {
    if (this.#stopped || this.#client !== client) return;
    this.#client = null;
    void client.end().catch(() => {});
    this.#retry = setTimeout(() => void this.#listen(), RETRY_MS);
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
