import { CoreError } from '../errors.ts';
import { NAME_AXES, damaged } from './image-layout.ts';
import type { ImageLayout } from './image-layout.ts';
import { NameIndex } from './name-index.ts';

export interface ImageNames {
  /** Per axis of names, whose sets begin at `firstKeys` of the layout. */
  readonly axes: readonly NameIndex[];
  readonly apps: NameIndex;
  /** Names below a suffix as `*.suffix`. */
  readonly destinations: NameIndex;
}

/** Throws `CW_CORE_IMAGE` on anything but well-formed names, distinct within their kind. */
export function readNames(image: Uint8Array, layout: ImageLayout): ImageNames {
  const counts = [...NAME_AXES.map((axis) => layout[axis]), layout.apps, layout.destinationNames];
  const { text, starts } = readText(
    image,
    layout,
    counts.reduce((sum, count) => sum + count),
  );
  let first = 0;
  const indexes = counts.map((count) => {
    const index = new NameIndex(text, starts.subarray(first, first + count + 1));
    if (!index.isDistinct) throw damaged('a name stands twice');
    first += count;
    return index;
  });
  const [destinations, apps] = indexes.splice(-2).toReversed();
  if (destinations === undefined || apps === undefined) throw damaged('no names');
  return { axes: indexes, apps, destinations };
}

/** All names as one text, and where in it each begins and the last ends. */
function readText(image: Uint8Array, layout: ImageLayout, count: number): { text: string; starts: Uint32Array } {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const decode = (from: number, to: number): string => {
    try {
      return decoder.decode(image.subarray(layout.namesAt + from, layout.namesAt + to));
    } catch (error) {
      throw new CoreError('CW_CORE_IMAGE', 'policy image: a name is not UTF-8', { cause: error });
    }
  };
  const starts = new Uint32Array(count + 1);
  for (let name = 0; name < count; name++) {
    const end = view.getUint32(layout.endsAt + 4 * name, true);
    if (end < (starts[name] ?? 0) || end > layout.nameBytes) throw damaged('a name lies outside the names');
    starts[name + 1] = end;
  }
  const text = decode(0, layout.nameBytes);
  // Where all is ASCII, as nearly always, one decoding does for all names.
  if (text.length === layout.nameBytes) return { text, starts };
  const names = Array.from({ length: count }, (_, name) => decode(starts[name] ?? 0, starts[name + 1] ?? 0));
  for (const [i, name] of names.entries()) starts[i + 1] = (starts[i] ?? 0) + name.length;
  return { text: names.join(''), starts };
}
