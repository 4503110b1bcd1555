import { CoreError } from '../errors.ts';
import { POLICY_APP_BYTES, POLICY_APP_FROM, POLICY_APP_MIXED, POLICY_APP_SPANS, POLICY_APP_TO } from '../layout.gen.ts';
import type { PortLists, TimeLists } from './flow-lists.ts';
import { DENSE, NAME_AXES, PREFIX_BYTES, layOut, sealImage } from './image-layout.ts';
import type { ImageCounts, ImageLayout } from './image-layout.ts';
import { parentsOf } from './key-lists.ts';
import type { PrefixKey } from './key-lists.ts';
import type { RuleOrder } from './rule-order.ts';

const MAX_NAME_BYTES = 1024;

type NumberList = Readonly<ArrayLike<number>>;

/** A policy collected, before it is bytes. */
export interface ImageParts {
  /** Of `RuleRecords`. */
  readonly records: Uint8Array;
  /** A bit per condition, per rule in the order of the policy. */
  readonly conditions: Uint16Array;
  readonly ordered: RuleOrder;
  /** Names per axis, in the order of NAME_AXES. */
  readonly axisKeys: readonly (readonly string[])[];
  readonly apps: readonly string[];
  readonly sourceKeys: readonly PrefixKey[];
  readonly destinationNames: readonly string[];
  readonly destinationPrefixes: readonly PrefixKey[];
  readonly destinationLists: number;
  readonly ports: PortLists;
  readonly times: TimeLists;
  /** Ascending numbers of rules, per set in the image's order; then of destination lists. */
  readonly ruleSets: readonly NumberList[];
  readonly destinationSets: readonly NumberList[];
}

export interface LaidOut {
  readonly layout: ImageLayout;
  readonly names: EncodedNames;
}

/** Throws `CW_CORE_POLICY` on a name that is none. */
export function layOutParts(parts: ImageParts): LaidOut {
  const names = encodeNames([...parts.axisKeys.flat(), ...parts.apps, ...parts.destinationNames]);
  const words = Math.ceil(parts.conditions.length / 128);
  let units = 0;
  for (const list of parts.ruleSets) units += isDense(list, words) ? words : Math.ceil(list.length / 4);
  for (const list of parts.destinationSets) units += Math.ceil(list.length / 4);
  const axes = Object.fromEntries(NAME_AXES.map((axis, i) => [axis, parts.axisKeys[i]?.length ?? 0]));
  const counts = {
    ...(axes as Pick<ImageCounts, (typeof NAME_AXES)[number]>),
    rules: parts.conditions.length,
    everyAppRules: parts.ordered.everyAppRules,
    apps: parts.apps.length,
    sources: parts.sourceKeys.length,
    destinationNames: parts.destinationNames.length,
    destinationPrefixes: parts.destinationPrefixes.length,
    destinationLists: parts.destinationLists,
    ranges: parts.ports.entries.length,
    portLists: parts.ports.lists.length,
    windows: parts.times.entries.length,
    timeLists: parts.times.lists.length,
    spans: parts.ordered.spans.entries.length,
    spanLists: parts.ordered.spans.lists.length,
    mixedSets: parts.ordered.mixedSets.length,
    units,
    nameBytes: names.bytes.length,
  };
  return { layout: layOut(counts), names };
}

/** A bitset costs up to twice the bytes of the list it replaces; a decision skips through it much faster. */
function isDense(list: NumberList, words: number): boolean {
  return list.length > 2 * words;
}

export function writeImage(parts: ImageParts, { layout, names }: LaidOut): Uint8Array {
  const image = new Uint8Array(layout.length);
  const view = new DataView(image.buffer);
  const pair = (at: number, a: number, b: number): void => {
    view.setUint32(at, a, true);
    view.setUint32(at + 4, b, true);
  };
  image.set(parts.records, layout.rulesAt);
  for (let i = 0; i < layout.rules; i++) view.setUint16(layout.conditionsAt + 2 * i, parts.conditions[i] ?? 0, true);
  for (const [i, { from, to, protocols }] of parts.ports.entries.entries()) {
    pair(layout.rangesAt + 8 * i, from | (to << 16), protocols);
  }
  for (const [i, { first, count }] of parts.ports.lists.entries()) pair(layout.portListsAt + 8 * i, first, count);
  for (const [i, { from, to }] of parts.times.entries.entries()) {
    view.setUint32(layout.windowsAt + 4 * i, from | (to << 16), true);
  }
  for (const [i, { first, count }] of parts.times.lists.entries()) pair(layout.timeListsAt + 8 * i, first, count);
  for (const [i, { own, spans, mixed }] of parts.ordered.apps.entries()) {
    const at = layout.appsAt + POLICY_APP_BYTES * i;
    view.setUint32(at + POLICY_APP_FROM, own.from, true);
    view.setUint32(at + POLICY_APP_TO, own.to, true);
    view.setUint32(at + POLICY_APP_SPANS, spans, true);
    view.setUint32(at + POLICY_APP_MIXED, mixed, true);
  }
  for (const [i, { from, to }] of parts.ordered.spans.entries.entries()) pair(layout.spansAt + 8 * i, from, to);
  for (const [i, { first, count }] of parts.ordered.spans.lists.entries())
    pair(layout.spanListsAt + 8 * i, first, count);
  writeSets(image, view, parts, layout);
  writePrefixes(view, layout.sourcesAt, parts.sourceKeys);
  writePrefixes(view, layout.destinationPrefixesAt, parts.destinationPrefixes);
  image.set(names.bytes, layout.namesAt);
  for (const [i, end] of names.ends.entries()) view.setUint32(layout.endsAt + 4 * i, end, true);
  sealImage(image, layout);
  return image;
}

function writeSets(image: Uint8Array, view: DataView, parts: ImageParts, layout: ImageLayout): void {
  const words = Math.ceil(layout.rules / 128);
  let unit = 0;
  let entry = layout.setsAt;
  const write = (list: NumberList, dense: boolean): void => {
    view.setUint32(entry, unit, true);
    view.setUint32(entry + 4, dense ? DENSE : list.length, true);
    entry += 8;
    const at = layout.payloadAt + 16 * unit;
    for (let n = 0; n < list.length; n++) {
      const member = list[n] ?? 0;
      if (dense) image[at + (member >>> 3)] = (image[at + (member >>> 3)] ?? 0) | (1 << (member & 7));
      else view.setUint32(at + 4 * n, member, true);
    }
    unit += dense ? words : Math.ceil(list.length / 4);
  };
  for (const list of parts.ruleSets) write(list, isDense(list, words));
  for (const list of parts.destinationSets) write(list, false);
}

/** In the form of the records that `lpmBuild` takes, with the prefix around each behind. */
function writePrefixes(view: DataView, from: number, keys: readonly PrefixKey[]): void {
  const parents = parentsOf(keys);
  for (const [i, { base, bits }] of keys.entries()) {
    const at = from + PREFIX_BYTES * i;
    view.setBigUint64(at, base >> 64n, true);
    view.setBigUint64(at + 8, base & 0xffff_ffff_ffff_ffffn, true);
    view.setUint32(at + 16, bits, true);
    view.setUint32(at + 20, i, true);
    view.setInt32(at + 24, parents[i] ?? -1, true);
  }
}

interface EncodedNames {
  readonly bytes: Uint8Array;
  /** Where each name ends. */
  readonly ends: Uint32Array;
}

function encodeNames(names: readonly string[]): EncodedNames {
  const encoder = new TextEncoder();
  for (const name of names) {
    // A lone surrogate would be encoded like U+FFFD, and so equal a name that differs.
    if (typeof name !== 'string' || name === '' || !name.isWellFormed()) {
      throw new CoreError('CW_CORE_POLICY', 'a name is no Unicode text');
    }
  }
  const bytes = encoder.encode(names.join(''));
  const ends = new Uint32Array(names.length);
  let end = 0;
  let characters = 0;
  for (const name of names) characters += name.length;
  // Where all is ASCII, as nearly always, a name has as many bytes as characters.
  const isAscii = characters === bytes.length;
  for (const [i, name] of names.entries()) {
    const length = isAscii ? name.length : encoder.encode(name).length;
    if (length > MAX_NAME_BYTES) {
      throw new CoreError('CW_CORE_POLICY', `a name is longer than ${MAX_NAME_BYTES} bytes`);
    }
    end += length;
    ends[i] = end;
  }
  return { bytes, ends };
}
