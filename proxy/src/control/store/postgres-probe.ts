import { Client, type ClientConfig } from 'pg';
import { WRITE_PROBE, writeFiller } from './write-probe.ts';

/** Asks the server on a connection of its own, which it keeps while it works. */
export class PostgresProbe {
  readonly #config: ClientConfig;
  #client: Client | null = null;

  /** @param config with timeouts, so that a server that hangs is one that does not answer */
  constructor(config: ClientConfig) {
    this.#config = config;
  }

  /** Resolves when the server has answered, and taken a write where that is asked. */
  async ask(write: boolean): Promise<void> {
    const client = this.#client ?? (await this.#connect());
    try {
      if (write) await client.query(WRITE_PROBE.postgres, [writeFiller()]);
      else await client.query('select 1');
    } catch (error) {
      this.#drop(client);
      throw error;
    }
  }

  close(): void {
    if (this.#client !== null) this.#drop(this.#client);
  }

  async #connect(): Promise<Client> {
    const client = new Client(this.#config);
    client.on('error', () => this.#drop(client));
    client.on('end', () => this.#drop(client));
    try {
      await client.connect();
    } catch (error) {
      this.#drop(client);
      throw error;
    }
    this.#client = client;
    return client;
  }

  #drop(client: Client): void {
    if (this.#client === client) this.#client = null;
    void client.end().catch(() => {});
  }
}
