import type { SnapshotManifest } from '../../rpc/snapshot.ts';
import type { ActiveSnapshot } from './active-snapshot.ts';
import { SnapshotLoader, type SnapshotLoaderOptions } from './snapshot-loader.ts';

export interface ConfiguredOptions extends SnapshotLoaderOptions {
  /** Another snapshot is in force from now on; what is open must follow. */
  onSwapped(active: ActiveSnapshot): Promise<void>;
  /** What was in force stays. */
  onRefused(number: number, error: unknown): void;
}

/** The configuration in force at this worker. A worker that is behind goes to the newest, past those in between. */
export class Configured {
  readonly #options: ConfiguredOptions;
  readonly #loader: SnapshotLoader;
  #active: ActiveSnapshot | null = null;
  #newest: SnapshotManifest | null = null;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: ConfiguredOptions) {
    this.#options = options;
    this.#loader = new SnapshotLoader(options);
  }

  get active(): ActiveSnapshot | null {
    return this.#active;
  }

  /** @returns what is in force when this, or something newer, is */
  put(manifest: SnapshotManifest): Promise<{ number: number }> {
    this.#newest = manifest;
    const next = this.#last.then(() => this.#follow());
    this.#last = next.catch(() => undefined);
    return next;
  }

  async #follow(): Promise<{ number: number }> {
    for (;;) {
      const manifest = this.#newest;
      if (manifest === null || this.#active?.isOf(manifest) === true)
        return { number: this.#active?.source.number ?? 0 };
      const wanted = (): boolean => this.#newest === manifest;
      try {
        const active = await this.#loader.load(manifest, wanted);
        if (active === null || !wanted()) continue;
        this.#newest = active.source;
        this.#active = active;
      } catch (error) {
        this.#options.onRefused(manifest.number, error);
        throw error;
      }
      await this.#options.onSwapped(this.#active);
    }
  }
}
