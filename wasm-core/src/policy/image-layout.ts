import { crc32 } from '../crc32.ts';
import { CoreError } from '../errors.ts';

/**
 * A compiled policy as one relocatable block of little-endian bytes: every offset is relative, and the place of every
 * section follows from the counts, so there is no offset in the header that could lie.
 *
 *       0  magic "CWPI"       u32      32  users U            u32
 *       4  version            u32      36  groups G           u32
 *       8  length of it all   u32      40  port ranges P      u32
 *      12  CRC-32 of 16…      u32      44  payload Q          u32, in units of 16 bytes
 *      16  rules R            u32      48  bytes of names B   u32
 *      20  apps A             u32      52  zero, to 64
 *      24  zero               u64
 *      64  rules    8 × R     {first range u32, ranges u32}; no ranges: never matches
 *          ranges   8 × P     {from u16, to u16, protocols u32: 1 tcp, 2 udp}
 *          sets     8 × (5 + U + G + A)   {payload offset u32 in 16 bytes, count u32}
 *                             any user | any group | browser | agent | every app | users… | groups… | apps…
 *          payload 16 × Q     per set: `count` ascending rule numbers u32, or (count 0xffffffff) a bitset of
 *                             ceil(R / 128) × 16 bytes
 *          ends     4 × (U + G + A)       where each name ends in the names
 *          names    B         UTF-8, users | groups | apps
 *
 * Each section begins at a multiple of 16.
 */
export const IMAGE_MAGIC = 0x49505743;
export const IMAGE_VERSION = 1;
export const HEADER_BYTES = 64;
export const FIXED_SETS = 5;
export const DENSE = 0xffffffff;
export const MAX_RULES = 1 << 20;
export const MAX_APPS = 1 << 20;
export const MAX_KEYS = 1 << 22;
export const MAX_IMAGE_BYTES = 256 * 1024 * 1024;

export interface ImageCounts {
  readonly rules: number;
  readonly apps: number;
  readonly users: number;
  readonly groups: number;
  readonly ranges: number;
  readonly units: number;
  readonly nameBytes: number;
}

export interface ImageLayout extends ImageCounts {
  readonly rulesAt: number;
  readonly rangesAt: number;
  readonly setsAt: number;
  readonly payloadAt: number;
  readonly endsAt: number;
  readonly namesAt: number;
  readonly length: number;
}

const align = (at: number): number => Math.ceil(at / 16) * 16;

/** Exact for all counts: they are u32, so no sum leaves the safe integers. */
export function layOut(counts: ImageCounts): ImageLayout {
  const keys = counts.users + counts.groups + counts.apps;
  const rulesAt = HEADER_BYTES;
  const rangesAt = align(rulesAt + 8 * counts.rules);
  const setsAt = align(rangesAt + 8 * counts.ranges);
  const payloadAt = align(setsAt + 8 * (FIXED_SETS + keys));
  const endsAt = payloadAt + 16 * counts.units;
  const namesAt = align(endsAt + 4 * keys);
  return { ...counts, rulesAt, rangesAt, setsAt, payloadAt, endsAt, namesAt, length: namesAt + counts.nameBytes };
}

const CRC_FROM = 16;

/** Writes the header over a finished image. */
export function sealImage(image: Uint8Array, counts: ImageCounts): void {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  view.setUint32(0, IMAGE_MAGIC, true);
  view.setUint32(4, IMAGE_VERSION, true);
  view.setUint32(8, image.length, true);
  view.setUint32(16, counts.rules, true);
  view.setUint32(20, counts.apps, true);
  view.setUint32(32, counts.users, true);
  view.setUint32(36, counts.groups, true);
  view.setUint32(40, counts.ranges, true);
  view.setUint32(44, counts.units, true);
  view.setUint32(48, counts.nameBytes, true);
  view.setUint32(12, crc32(image.subarray(CRC_FROM)), true);
}

const damaged = (what: string): CoreError => new CoreError('CW_CORE_IMAGE', `policy image: ${what}`);

/** Checks the frame: afterwards every section lies inside `image`. Throws `CW_CORE_IMAGE`. */
export function readLayout(image: Uint8Array): ImageLayout {
  if (!(image instanceof Uint8Array)) throw damaged('not bytes');
  if (image.length < HEADER_BYTES || image.length > MAX_IMAGE_BYTES) throw damaged(`${image.length} bytes`);
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  const u32 = (at: number): number => view.getUint32(at, true);
  if (u32(0) !== IMAGE_MAGIC) throw damaged('wrong magic');
  if (u32(4) !== IMAGE_VERSION) throw damaged(`version ${u32(4)}, expected ${IMAGE_VERSION}`);
  if (u32(8) !== image.length) throw damaged(`${image.length} bytes, expected ${u32(8)}`);
  if (u32(12) !== crc32(image.subarray(CRC_FROM))) throw damaged('wrong checksum');
  const counts = {
    rules: u32(16),
    apps: u32(20),
    users: u32(32),
    groups: u32(36),
    ranges: u32(40),
    units: u32(44),
    nameBytes: u32(48),
  };
  if (counts.rules > MAX_RULES || counts.apps > MAX_APPS || counts.users + counts.groups > MAX_KEYS) {
    throw damaged('more rules, apps or names than allowed');
  }
  const layout = layOut(counts);
  if (layout.length !== image.length) throw damaged('counts and length disagree');
  return layout;
}

export interface ImageNames {
  readonly users: ReadonlyMap<string, number>;
  readonly groups: ReadonlyMap<string, number>;
  readonly apps: readonly string[];
}

/** The names with their indexes. Throws `CW_CORE_IMAGE` on anything but distinct, well-formed ones. */
export function readNames(image: Uint8Array, layout: ImageLayout): ImageNames {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let at = 0;
  let key = 0;
  const table = (count: number): Map<string, number> => {
    const names = new Map<string, number>();
    for (let index = 0; index < count; index++, key++) {
      const end = view.getUint32(layout.endsAt + 4 * key, true);
      if (end < at || end > layout.nameBytes) throw damaged('a name lies outside the names');
      try {
        names.set(decoder.decode(image.subarray(layout.namesAt + at, layout.namesAt + end)), index);
      } catch (error) {
        throw new CoreError('CW_CORE_IMAGE', 'policy image: a name is not UTF-8', { cause: error });
      }
      at = end;
    }
    if (names.size !== count) throw damaged('a name stands twice');
    return names;
  };
  const users = table(layout.users);
  const groups = table(layout.groups);
  return { users, groups, apps: [...table(layout.apps).keys()] };
}
