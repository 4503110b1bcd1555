/**
 * Strings as bytes, each read when it is asked for:
 *
 *     ends: uint32 of each string, where it ends in the text | text: UTF-8
 */
export interface PackedStrings {
  readonly ends: Uint32Array;
  readonly text: Uint8Array;
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function packStrings(strings: readonly string[]): PackedStrings {
  const joined = strings.join('');
  const text = Buffer.from(joined, 'utf8');
  // Names are ASCII as a rule: then lengths in characters are lengths in bytes.
  const lengthOf = text.length === joined.length ? (s: string) => s.length : (s: string) => Buffer.byteLength(s);
  const ends = new Uint32Array(strings.length);
  let end = 0;
  for (const [i, string] of strings.entries()) ends[i] = end += lengthOf(string);
  return { ends, text };
}

/** @returns `undefined` beyond the last */
export function stringAt({ ends, text }: PackedStrings, index: number): string | undefined {
  const end = ends[index];
  if (end === undefined) return undefined;
  return decoder.decode(text.subarray(index === 0 ? 0 : ends[index - 1], end));
}

export function* allStrings(packed: PackedStrings): Generator<string, void, void> {
  for (let i = 0; i < packed.ends.length; i++) yield stringAt(packed, i) ?? '';
}
