import { hash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { CausewayError } from '@causeway/contract';
import { inTurns, type Steps } from '../../policy/steps.ts';
import {
  EDGE_KINDS,
  MAX_SNAPSHOT_BYTES,
  type EdgeKind,
  type EdgeObjects,
  type PieceName,
  type SnapshotManifest,
} from '../../rpc/snapshot.ts';
import { ActiveSnapshot, type LoadedObjects } from './active-snapshot.ts';

export interface SnapshotLoaderOptions {
  /** A part of a piece, beginning at `from`; `null` where control does not have it any more. */
  piece(hash: string, from: number): Promise<Uint8Array | null>;
  newest(): Promise<SnapshotManifest>;
  readonly now: () => number;
}

/** Pieces asked for at once. */
const AT_ONCE = 4;
const ATTEMPTS = 3;

/** A piece is not there, or not what its name says. */
class PieceError extends Error {}

/** Objects of one piece, by its hash. */
type HeldPieces = Map<string, readonly object[]>;

/**
 * Makes what a manifest names, from pieces that it holds and others that it asks for, in slices between which requests
 * are served. Where one cannot be had or is damaged, all that is held is let go of and the newest snapshot is read
 * whole; until one is complete, nothing of it is in force.
 */
export class SnapshotLoader {
  readonly #options: SnapshotLoaderOptions;
  /** Of the snapshot in force: the next one has most of them. */
  #held: HeldPieces = new Map();
  /** Of the one being loaded, so that an interruption need not begin anew. */
  readonly #fetched = new Map<string, Uint8Array>();

  constructor(options: SnapshotLoaderOptions) {
    this.#options = options;
  }

  /**
   * @param wanted whether it is still the newest: once it is not, `null` is the result
   * @throws CausewayError `CW_SNAPSHOT_REFUSED`, or why control did not answer
   */
  async load(manifest: SnapshotManifest, wanted: () => boolean): Promise<ActiveSnapshot | null> {
    let next = manifest;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#load(next, wanted);
      } catch (error) {
        if (!(error instanceof PieceError)) throw error;
        this.#held = new Map();
        this.#fetched.clear();
        if (attempt === ATTEMPTS) {
          throw new CausewayError('CW_SNAPSHOT_REFUSED', `snapshot ${next.number}: ${error.message}`, { cause: error });
        }
        next = await this.#options.newest();
      }
    }
  }

  async #load(manifest: SnapshotManifest, wanted: () => boolean): Promise<ActiveSnapshot | null> {
    const { image, facts, objects } = manifest;
    const names = [...image, ...facts, ...EDGE_KINDS.flatMap((kind) => objects[kind])];
    const bytes = names.reduce((sum, name) => sum + name.bytes, 0);
    if (bytes > MAX_SNAPSHOT_BYTES) throw new PieceError(`it has ${bytes} bytes`);
    const missing = names.filter((name) => !this.#held.has(name.hash) && !this.#fetched.has(name.hash)).values();
    const ask = async (): Promise<void> => {
      for (const name of missing) {
        if (!wanted()) return;
        this.#fetched.set(name.hash, await this.#fetch(name));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, ask));
    const made = wanted() ? await inTurns(this.#making(manifest), setImmediate, wanted) : null;
    if (made === null) return null;
    this.#held = made.held;
    this.#fetched.clear();
    return made.active;
  }

  async #fetch({ hash: name, bytes: length }: PieceName): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length;) {
      const part = await this.#options.piece(name, at);
      if (part === null || part.length === 0) throw new PieceError('a piece of it is missing');
      if (at + part.length > length) throw new PieceError('a piece of it is too long');
      bytes.set(part, at);
      at += part.length;
    }
    if (hash('sha256', bytes, 'base64url') !== name) throw new PieceError('a piece of it is damaged');
    return bytes;
  }

  *#making(manifest: SnapshotManifest): Steps<{ active: ActiveSnapshot; held: HeldPieces }> {
    const held: HeldPieces = new Map();
    const bodies = Object.fromEntries(EDGE_KINDS.map((kind) => [kind, [] as object[]])) as Record<EdgeKind, object[]>;
    for (const kind of EDGE_KINDS) {
      for (const { hash: name } of manifest.objects[kind]) {
        const own = held.get(name) ?? this.#held.get(name) ?? bodiesOf(this.#bytes(name));
        held.set(name, own);
        for (const body of own) bodies[kind].push(body);
        yield;
      }
    }
    const image = this.#joined(manifest.image);
    yield;
    const facts = this.#joined(manifest.facts);
    // control has checked each kind against its schema before it cut the pieces
    const objects = bodies as { [K in EdgeKind]: EdgeObjects[K][] } satisfies LoadedObjects;
    const active = yield* ActiveSnapshot.building({ manifest, objects, image, facts }, this.#options.now());
    return { active, held };
  }

  #bytes(name: string): Uint8Array {
    const bytes = this.#fetched.get(name);
    if (bytes === undefined) throw new PieceError('a piece of it is missing');
    return bytes;
  }

  #joined(names: readonly PieceName[]): Uint8Array<ArrayBuffer> {
    const whole = new Uint8Array(names.reduce((sum, { bytes }) => sum + bytes, 0));
    let at = 0;
    for (const { hash: name } of names) {
      const bytes = this.#bytes(name);
      whole.set(bytes, at);
      at += bytes.length;
    }
    return whole;
  }
}

function bodiesOf(bytes: Uint8Array): object[] {
  const entries = JSON.parse(new TextDecoder().decode(bytes)) as { readonly body: object }[];
  return entries.map(({ body }) => body);
}
