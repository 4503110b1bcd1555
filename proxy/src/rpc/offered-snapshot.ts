import type { CutBytes } from './cut-pieces.ts';
import {
  EDGE_KINDS,
  RANGE_BYTES,
  type EdgeKind,
  type PieceName,
  type SnapshotHead,
  type SnapshotManifest,
} from './snapshot.ts';

/** What edges are told of a snapshot, and what they may ask for. */
export interface OfferedSnapshot {
  readonly manifest: SnapshotManifest;
  /** From `from` on as much as one answer carries; `null` where the snapshot does not have the piece, or not so much. */
  piece(hash: string, from: number): Uint8Array | null;
}

export interface SnapshotParts {
  readonly rules: number;
  readonly objects: Readonly<Record<EdgeKind, readonly PieceName[]>>;
  readonly image: CutBytes;
  readonly facts: CutBytes;
}

/** @param textOf pieces of objects by their hash */
export function offeredSnapshot(
  head: SnapshotHead,
  { rules, objects, image, facts }: SnapshotParts,
  textOf: (hash: string) => Uint8Array | undefined,
): OfferedSnapshot {
  const byHash = new Map<string, Uint8Array>();
  for (const { bytes, pieces } of [image, facts]) {
    let at = 0;
    for (const piece of pieces) {
      byHash.set(piece.hash, bytes.subarray(at, at + piece.bytes));
      at += piece.bytes;
    }
  }
  for (const { hash } of EDGE_KINDS.flatMap((kind) => objects[kind])) {
    const text = textOf(hash);
    if (text !== undefined) byHash.set(hash, text);
  }
  return {
    manifest: { ...head, rules, objects, image: image.pieces, facts: facts.pieces },
    piece: (hash, from) => {
      const whole = byHash.get(hash);
      const within = whole !== undefined && from >= 0 && from < whole.length;
      return within ? whole.subarray(from, from + RANGE_BYTES) : null;
    },
  };
}
