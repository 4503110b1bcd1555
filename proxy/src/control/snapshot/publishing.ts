import { setImmediate } from 'node:timers/promises';
import { OBJECT_KINDS, type ObjectKind } from '@causeway/contract';
import { graceMs, loginOrigin, publicPort } from '../../config/derive.ts';
import type { Deployment } from '../../config/schema.ts';
import type { Snapshot } from '../../rpc/messages.ts';
import { entriesOf, type ContentEntry } from '../objects/chunks.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import { addSnapshot, lastNumber } from '../objects/snapshots.ts';
import type { Database, StoreLocation } from '../store/database.ts';
import { storeFailed } from '../store/open-database.ts';
import type { Bodies } from './checked-contents.ts';
import type { SnapshotCompiler } from './compiler.ts';
import { withNotices } from './compile.ts';
import { DeadRulesSearch } from './dead-rules-search.ts';
import type { CompiledContents, ContentsSource } from './job.ts';

export interface PublishingOptions {
  readonly database: Database;
  readonly compiler: SnapshotCompiler;
  readonly location: StoreLocation;
  readonly objects: ObjectStore;
  readonly now: () => number;
  /** Snapshots that are kept at most. */
  readonly keep?: number;
}

const SNAPSHOTS_KEPT = 100;

/** Compiled contents in the form that control works with, not published yet. */
export interface ComposedContents {
  readonly compiled: CompiledContents;
  readonly bodies: Bodies;
  /** By hash. */
  readonly chunks: ReadonlyMap<string, readonly ContentEntry[]>;
}

/** The way of contents from the store or the file to a numbered snapshot. */
export class Publishing {
  readonly #options: PublishingOptions;
  /** Chunks of the last snapshot composed, read once: of the next one most are the same. */
  #chunks: ReadonlyMap<string, readonly ContentEntry[]> = new Map();

  constructor(options: PublishingOptions) {
    this.#options = options;
  }

  /** @throws CausewayError `CW_SNAPSHOT_REFUSED` with every problem */
  compile(source: ContentsSource): Promise<CompiledContents> {
    return this.#options.compiler.run(this.#options.location, 'compile', { source, known: [...this.#chunks.keys()] });
  }

  /**
   * The last step: what has a number is published, so everything that could still refuse it comes before. What a file
   * changes in the working set is written in the same transaction.
   *
   * @throws CausewayError `CW_CONFLICT` where somebody else has published since `compile` read the store
   */
  async number(compiled: CompiledContents, by: { actor: string; comment: string }): Promise<number> {
    const { database, objects, now, keep = SNAPSHOTS_KEPT } = this.#options;
    let number = 0;
    if (compiled.changes.length > 0) {
      await objects.write(compiled.changes, { ...by, source: 'file' }, {}, async (tx, { version }) => {
        number = await addSnapshot(tx, { ...compiled, working: version }, by, now(), keep);
      });
      return number;
    }
    try {
      return await database.transaction((tx) => addSnapshot(tx, compiled, by, now(), keep));
    } catch (error) {
      throw storeFailed(error);
    }
  }

  /** Of a snapshot that is stored. @param configFile where its first rules may stand */
  searchDeadRules(number: number, configFile: string): DeadRulesSearch {
    return new DeadRulesSearch(this.#options.location, { number, configFile });
  }

  now(): number {
    return this.#options.now();
  }

  async lastNumber(): Promise<number> {
    try {
      return await lastNumber(this.#options.database.read);
    } catch (error) {
      throw storeFailed(error);
    }
  }

  /** Chunk by chunk, with turns for the control loop in between. */
  async compose(compiled: CompiledContents): Promise<ComposedContents> {
    const texts = new Map(compiled.chunks.map(({ hash, text }) => [hash, text]));
    const chunks = new Map<string, readonly ContentEntry[]>();
    const bodies: Partial<Record<ObjectKind, unknown[]>> = {};
    for (const kind of OBJECT_KINDS) {
      const own: unknown[] = [];
      for (const hash of compiled.parts[kind] ?? []) {
        const known = chunks.get(hash) ?? this.#chunks.get(hash);
        if (known === undefined) await setImmediate();
        const entries = known ?? entriesOf(texts.get(hash) ?? '[]');
        chunks.set(hash, entries);
        for (const { body } of entries) own.push(body);
      }
      bodies[kind] = own;
    }
    // The thread has checked each kind against its schema before it cut the chunks.
    return { compiled, bodies: bodies as unknown as Bodies, chunks };
  }

  /** The snapshot that composed contents are under their number, from now on the one that is known. */
  adopt({ compiled, bodies, chunks }: ComposedContents, number: number): Snapshot {
    this.#chunks = chunks;
    return snapshotOf(compiled.config, bodies, compiled.image, number);
  }
}

function snapshotOf(config: Deployment, bodies: Bodies, image: Uint8Array, number: number): Snapshot {
  const { domains } = config;
  return {
    number,
    accessDomain: domains.access,
    identityDomain: domains.identity,
    tunnelDomain: domains.tunnel,
    loginOrigin: loginOrigin(config),
    apps: bodies.apps,
    rules: withNotices(bodies.rules, bodies.templates),
    timeZone: config.timeZone,
    policyImage: Buffer.from(image.buffer, image.byteOffset, image.byteLength).toString('base64'),
    publishers: bodies.publishers.map(({ name }) => name),
    publicPort: publicPort(config),
    graceMs: graceMs(config),
  };
}
