import { chunkOf, type Chunk, type ContentText } from '../objects/chunks.ts';

/** A chunk whose bodies passed their schemas. */
export interface CheckedChunk {
  readonly hash: string;
  /** Of its text. */
  readonly bytes: number;
  readonly managedBy: readonly ContentText['managedBy'][];
  readonly bodies: readonly unknown[];
}

export function checkedOf(
  { hash, text }: Chunk,
  managedBy: CheckedChunk['managedBy'],
  bodies: readonly unknown[],
): CheckedChunk {
  return { hash, bytes: Buffer.byteLength(text), managedBy, bodies };
}

/** The same as it is stored. */
export function storedChunk({ managedBy, bodies }: CheckedChunk): Chunk {
  return chunkOf(bodies.map((body, i) => ({ name: '', managedBy: managedBy[i] ?? 'api', text: JSON.stringify(body) })));
}
