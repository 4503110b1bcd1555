import { setImmediate } from 'node:timers/promises';
import { OBJECT_KINDS, type ObjectKind } from '@causeway/contract';
import { graceMs, loginOrigin, publicPort } from '../../config/derive.ts';
import type { Deployment } from '../../config/schema.ts';
import { offeredSnapshot, type OfferedSnapshot } from '../../rpc/offered-snapshot.ts';
import type { SnapshotHead } from '../../rpc/snapshot.ts';
import { entriesOf, type ContentEntry } from '../objects/chunks.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import { addSnapshot, lastNumber, type SnapshotContents } from '../objects/snapshots.ts';
import type { Database, StoreLocation } from '../store/database.ts';
import { storeFailed } from '../store/open-database.ts';
import type { Bodies } from './checked-contents.ts';
import type { SnapshotCompiler } from './compiler.ts';
import { DeadRulesSearch } from './dead-rules-search.ts';
import type { CompiledContents, ContentsSource, TriedArguments, TriedRules } from './job.ts';

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
/** Edges have a snapshot by then; the search would take a core from them. */
const DEAD_RULES_MS = 2_000;

/** Of every kind but rules, which are as many as all others and more, and of which image and facts say enough. */
export type HeldBodies = Omit<Bodies, 'rules'>;

interface HeldChunk {
  readonly entries: readonly ContentEntry[];
  readonly text: Uint8Array;
}

/** Compiled contents in the form that control works with, not published yet. */
export interface ComposedContents {
  readonly compiled: CompiledContents;
  readonly bodies: HeldBodies;
  /** By hash. */
  readonly chunks: ReadonlyMap<string, HeldChunk>;
}

/** The way of contents from the store or the file to a numbered snapshot. */
export class Publishing {
  readonly #options: PublishingOptions;
  /** Chunks of the last snapshot composed, read once: of the next one most are the same. */
  #chunks: ReadonlyMap<string, HeldChunk> = new Map();
  /** Hashes of all its chunks, also of rules. */
  #known: readonly string[] = [];

  constructor(options: PublishingOptions) {
    this.#options = options;
  }

  /** @throws CausewayError `CW_SNAPSHOT_REFUSED` with every problem */
  compile(source: ContentsSource): Promise<CompiledContents> {
    return this.#options.compiler.run(this.#options.location, 'compile', { source, known: this.#known });
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
        number = await addSnapshot(tx, { ...stored(compiled), working: version }, by, now(), keep);
      });
      return number;
    }
    try {
      return await database.transaction((tx) => addSnapshot(tx, stored(compiled), by, now(), keep));
    } catch (error) {
      throw storeFailed(error);
    }
  }

  /** Of a snapshot that is stored. @param configFile where its first rules may stand */
  searchDeadRules(number: number, configFile: string): DeadRulesSearch {
    return new DeadRulesSearch(this.#options.location, { number, configFile }, DEAD_RULES_MS);
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

  /** The rules that a snapshot tries for somebody. @throws CausewayError `CW_NOT_FOUND` where it is not kept */
  tried(args: TriedArguments): Promise<TriedRules> {
    return this.#options.compiler.run(this.#options.location, 'tried', args);
  }

  /** Chunk by chunk, with turns for the control loop in between. */
  async compose(compiled: CompiledContents): Promise<ComposedContents> {
    const texts = new Map(compiled.chunks.map(({ hash, text }) => [hash, text]));
    const chunks = new Map<string, HeldChunk>();
    const bodies: Partial<Record<ObjectKind, unknown[]>> = {};
    for (const kind of OBJECT_KINDS) {
      if (kind === 'rules') continue;
      const own: unknown[] = [];
      for (const hash of compiled.parts[kind] ?? []) {
        const known = chunks.get(hash) ?? this.#chunks.get(hash);
        if (known === undefined) await setImmediate();
        const held = known ?? heldChunk(texts.get(hash) ?? '[]');
        chunks.set(hash, held);
        for (const { body } of held.entries) own.push(body);
      }
      bodies[kind] = own;
    }
    // The thread has checked each kind against its schema before it cut the chunks.
    return { compiled, bodies: bodies as unknown as HeldBodies, chunks };
  }

  /** What edges are told of composed contents under their number, from now on those that are known. */
  adopt({ compiled, bodies, chunks }: ComposedContents, number: number): OfferedSnapshot {
    this.#chunks = chunks;
    this.#known = Object.values(compiled.parts).flat();
    return offeredSnapshot(headOf(compiled.config, bodies, number), compiled, (hash) => chunks.get(hash)?.text);
  }
}

function stored({ parts, digest, count, chunks, working, base }: CompiledContents): SnapshotContents {
  return { parts, digest, objects: count, chunks, working, base };
}

function heldChunk(text: string): HeldChunk {
  return { entries: entriesOf(text), text: Buffer.from(text, 'utf8') };
}

function headOf(config: Deployment, { publishers }: HeldBodies, number: number): SnapshotHead {
  const { domains } = config;
  return {
    number,
    accessDomain: domains.access,
    identityDomain: domains.identity,
    tunnelDomain: domains.tunnel,
    loginOrigin: loginOrigin(config),
    timeZone: config.timeZone,
    publishers: publishers.map(({ name }) => name),
    publicPort: publicPort(config),
    graceMs: graceMs(config),
  };
}
