import { createHash } from 'node:crypto';
import { PIECE_BYTES, type PieceName } from './snapshot.ts';

/** Bytes that edges ask for in pieces, with the pieces' names in order. */
export interface CutBytes {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly pieces: readonly PieceName[];
}

export function cutPieces(bytes: Uint8Array<ArrayBuffer>): CutBytes {
  const pieces: PieceName[] = [];
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    const piece = bytes.subarray(at, at + PIECE_BYTES);
    pieces.push({ hash: createHash('sha256').update(piece).digest('base64url'), bytes: piece.length });
  }
  return { bytes, pieces };
}
