import { crc32 } from '../crc32.ts';
import { CoreError } from '../errors.ts';
import { POLICY_APP_BYTES, POLICY_AXES } from '../layout.gen.ts';

/**
 * A compiled policy as one relocatable block of little-endian bytes: every offset is relative, and the place of every
 * section follows from the counts, so there is no offset in the header that could lie.
 *
 * Rules are numbered anew, those with the same apps together and in their order: first the rules for every app, then
 * each app's own, then those of several apps, and last the *mixed*, whose apps are named by too few rules. So the rules
 * of an app are a few spans of numbers, and those of them that a person satisfies a few words of the session's bitset.
 *
 *       0  magic "CWPI"       u32      12  CRC-32 of 16…      u32
 *       4  version            u32      16  counts, in the order of IMAGE_COUNTS, u32 each
 *       8  length of it all   u32          zero, to 128
 *     128  rules        16 × rules         {from u16, to u16, protocols u8, activities u8, time list u16,
 *                                          u64: place in order, 20 bits | destination list, 21 | port list, 21};
 *                                          lists count from 1, 0 is none
 *          ranges        8 × ranges        {from u16, to u16, protocols u32}
 *          port lists    8 × portLists     {first range u32, ranges u32}; for rules with more than one range
 *          windows       4 × windows       {from u16, to u16} minutes of the week, half-open
 *          time lists    8 × timeLists     {first window u32, windows u32}
 *          apps         16 × apps          {own rules: from u32, to u32, span list u32, mixed set u32}; both from 1
 *          spans         8 × spans         {from u32, to u32} rules of several apps, half-open
 *          span lists    8 × spanLists     {first span u32, spans u32}
 *          sets          8 × (8 + keys + mixedSets + destinations)   {payload offset u32 in 16 bytes, count u32}
 *                            no condition on: user | group | method | ou | posture | os | network | source
 *                            | keys of those eight, in this order … | mixed rules of an app … | destination names …
 *                            | destination prefixes …
 *          payload      16 × units         per set: `count` ascending numbers u32 of rules (of destination lists, for a
 *                                          destination), or (count 0xffffffff) a bitset of ceil(rules / 128) × 16 bytes
 *          conditions    2 × rules         u16, a bit per condition that the rule has; in the order of the policy
 *          prefixes     32 × (sources + destinationPrefixes)    {start: 4 words, bits u32, own number u32, parent i32, 0}
 *          ends          4 × names         where each name ends in the names
 *          names         nameBytes         UTF-8: the keys of all axes but the last, apps, destination names
 *
 * Each section begins at a multiple of 16. What WebAssembly reads ends with the payload.
 */
export const IMAGE_MAGIC = 0x49505743;
export const IMAGE_VERSION = 3;
export const HEADER_BYTES = 128;
export const DENSE = 0xffffffff;
export const MAX_RULES = 1 << 20;
export const MAX_APPS = 1 << 20;
export const MAX_KEYS = 1 << 22;
export const MAX_TIME_LISTS = 0xffff;
export const MAX_IMAGE_BYTES = 256 * 1024 * 1024;
export const PREFIX_BYTES = 32;

/** What is asked of a principal by names, in the order of the axes; `sources`, the last axis, are prefixes. */
export const NAME_AXES = ['users', 'groups', 'methods', 'ous', 'posture', 'os', 'networks'] as const;
export const SOURCE_AXIS = NAME_AXES.length;

export const IMAGE_COUNTS = [
  'rules',
  'everyAppRules',
  'apps',
  ...NAME_AXES,
  'sources',
  'destinationNames',
  'destinationPrefixes',
  'destinationLists',
  'ranges',
  'portLists',
  'windows',
  'timeLists',
  'spans',
  'spanLists',
  'mixedSets',
  'units',
  'nameBytes',
] as const;

const COUNTS_AT = 16;

export type ImageCounts = Readonly<Record<(typeof IMAGE_COUNTS)[number], number>>;

export interface ImageLayout extends ImageCounts {
  readonly rulesAt: number;
  readonly rangesAt: number;
  readonly portListsAt: number;
  readonly windowsAt: number;
  readonly timeListsAt: number;
  readonly appsAt: number;
  readonly spansAt: number;
  readonly spanListsAt: number;
  readonly setsAt: number;
  readonly payloadAt: number;
  readonly conditionsAt: number;
  readonly sourcesAt: number;
  readonly destinationPrefixesAt: number;
  readonly endsAt: number;
  readonly namesAt: number;
  readonly length: number;
  /** Number of the first set of each axis' keys; the sets of mixed rules follow the last. */
  readonly firstKeys: readonly number[];
  readonly firstMixed: number;
  readonly firstDestination: number;
}

const align = (at: number): number => Math.ceil(at / 16) * 16;

/** Exact for all counts: they are u32, so no sum leaves the safe integers. */
export function layOut(counts: ImageCounts): ImageLayout {
  const firstKeys: number[] = [];
  let firstMixed = POLICY_AXES;
  for (const axis of [...NAME_AXES, 'sources'] as const) {
    firstKeys.push(firstMixed);
    firstMixed += counts[axis];
  }
  const firstDestination = firstMixed + counts.mixedSets;
  const setCount = firstDestination + counts.destinationNames + counts.destinationPrefixes;
  const names = firstMixed - POLICY_AXES - counts.sources + counts.apps + counts.destinationNames;

  const rulesAt = HEADER_BYTES;
  const rangesAt = rulesAt + 16 * counts.rules;
  const portListsAt = align(rangesAt + 8 * counts.ranges);
  const windowsAt = align(portListsAt + 8 * counts.portLists);
  const timeListsAt = align(windowsAt + 4 * counts.windows);
  const appsAt = align(timeListsAt + 8 * counts.timeLists);
  const spansAt = appsAt + POLICY_APP_BYTES * counts.apps;
  const spanListsAt = align(spansAt + 8 * counts.spans);
  const setsAt = align(spanListsAt + 8 * counts.spanLists);
  const payloadAt = align(setsAt + 8 * setCount);
  const conditionsAt = payloadAt + 16 * counts.units;
  const sourcesAt = align(conditionsAt + 2 * counts.rules);
  const destinationPrefixesAt = sourcesAt + PREFIX_BYTES * counts.sources;
  const endsAt = destinationPrefixesAt + PREFIX_BYTES * counts.destinationPrefixes;
  const namesAt = align(endsAt + 4 * names);
  const length = namesAt + counts.nameBytes;
  return {
    ...counts,
    rulesAt,
    rangesAt,
    portListsAt,
    windowsAt,
    timeListsAt,
    appsAt,
    spansAt,
    spanListsAt,
    setsAt,
    payloadAt,
    conditionsAt,
    sourcesAt,
    destinationPrefixesAt,
    endsAt,
    namesAt,
    length,
    firstKeys,
    firstMixed,
    firstDestination,
  };
}

/** Writes the header over a finished image. */
export function sealImage(image: Uint8Array, counts: ImageCounts): void {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  view.setUint32(0, IMAGE_MAGIC, true);
  view.setUint32(4, IMAGE_VERSION, true);
  view.setUint32(8, image.length, true);
  for (const [i, name] of IMAGE_COUNTS.entries()) view.setUint32(COUNTS_AT + 4 * i, counts[name], true);
  view.setUint32(12, crc32(image.subarray(COUNTS_AT)), true);
}

export const damaged = (what: string): CoreError => new CoreError('CW_CORE_IMAGE', `policy image: ${what}`);

/** Checks the frame: afterwards every section lies inside `image`. Throws `CW_CORE_IMAGE`. */
export function readLayout(image: Uint8Array): ImageLayout {
  if (!(image instanceof Uint8Array)) throw damaged('not bytes');
  if (image.length < HEADER_BYTES || image.length > MAX_IMAGE_BYTES) throw damaged(`${image.length} bytes`);
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  const u32 = (at: number): number => view.getUint32(at, true);
  if (u32(0) !== IMAGE_MAGIC) throw damaged('wrong magic');
  if (u32(4) !== IMAGE_VERSION) throw damaged(`version ${u32(4)}, expected ${IMAGE_VERSION}`);
  if (u32(8) !== image.length) throw damaged(`${image.length} bytes, expected ${u32(8)}`);
  if (u32(12) !== crc32(image.subarray(COUNTS_AT))) throw damaged('wrong checksum');
  const counts = Object.fromEntries(IMAGE_COUNTS.map((name, i) => [name, u32(COUNTS_AT + 4 * i)])) as ImageCounts;
  const layout = layOut(counts);
  if (counts.rules > MAX_RULES || counts.apps > MAX_APPS || keyCount(layout) > MAX_KEYS) {
    throw damaged('more rules, apps or names than allowed');
  }
  if (counts.destinationLists > counts.rules || counts.timeLists > MAX_TIME_LISTS)
    throw damaged('more lists than rules');
  if (counts.mixedSets > counts.apps) throw damaged('more sets than apps');
  if (layout.length !== image.length) throw damaged('counts and length disagree');
  return layout;
}

/** Names and prefixes that rules ask for, on all axes and as destinations. */
export function keyCount(layout: ImageLayout): number {
  return layout.firstMixed - POLICY_AXES + layout.destinationNames + layout.destinationPrefixes;
}
