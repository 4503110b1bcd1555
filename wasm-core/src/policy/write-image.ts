import { CoreError } from '../errors.ts';
import { POLICY_RULE_BYTES } from '../layout.gen.ts';
import {
  POLICY_APP_BYTES,
  POLICY_APP_FROM,
  POLICY_APP_MIXED,
  POLICY_APP_SPANS,
  POLICY_APP_TO,
  POLICY_MORE_DESTINATIONS,
  POLICY_MORE_PORTS,
  POLICY_RULE_ACTIVITIES,
  POLICY_RULE_FROM,
  POLICY_RULE_MORE,
  POLICY_RULE_PROTOCOLS,
  POLICY_RULE_TIMES,
  POLICY_RULE_TO,
} from '../layout.gen.ts';
import type { PortLists, PortRange, TimeLists } from './flow-lists.ts';
import { DENSE, NAME_AXES, PREFIX_BYTES, layOut, sealImage } from './image-layout.ts';
import type { ImageCounts, ImageLayout } from './image-layout.ts';
import { parentsOf } from './key-lists.ts';
import type { PrefixKey } from './key-lists.ts';
import type { RuleOrder } from './rule-order.ts';

const MAX_NAME_BYTES = 1024;

export interface RuleRecord {
  /** The rule's index in the policy. */
  readonly order: number;
  readonly ports: PortRange;
  readonly portList: number;
  readonly activities: number;
  readonly timeList: number;
  readonly destinationList: number;
}

/** A policy collected, before it is bytes. */
export interface ImageParts {
  readonly records: readonly RuleRecord[];
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
  readonly ruleSets: readonly (readonly number[])[];
  readonly destinationSets: readonly (readonly number[])[];
}

export interface LaidOut {
  readonly layout: ImageLayout;
  readonly names: readonly Uint8Array[];
}

/** Throws `CW_CORE_POLICY` on a name that is none. */
export function layOutParts(parts: ImageParts): LaidOut {
  const names = encodeNames([...parts.axisKeys.flat(), ...parts.apps, ...parts.destinationNames]);
  const words = Math.ceil(parts.records.length / 128);
  let units = 0;
  for (const list of parts.ruleSets) units += isDense(list, words) ? words : Math.ceil(list.length / 4);
  for (const list of parts.destinationSets) units += Math.ceil(list.length / 4);
  const axes = Object.fromEntries(NAME_AXES.map((axis, i) => [axis, parts.axisKeys[i]?.length ?? 0]));
  const counts = {
    ...(axes as Pick<ImageCounts, (typeof NAME_AXES)[number]>),
    rules: parts.records.length,
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
    nameBytes: names.reduce((sum, name) => sum + name.length, 0),
  };
  return { layout: layOut(counts), names };
}

/** A bitset costs up to twice the bytes of the list it replaces; a decision skips through it much faster. */
function isDense(list: readonly number[], words: number): boolean {
  return list.length > 2 * words;
}

export function writeImage(parts: ImageParts, { layout, names }: LaidOut): Uint8Array {
  const image = new Uint8Array(layout.length);
  const view = new DataView(image.buffer);
  const pair = (at: number, a: number, b: number): void => {
    view.setUint32(at, a, true);
    view.setUint32(at + 4, b, true);
  };
  for (let i = 0, at = layout.rulesAt; i < parts.records.length; i++, at += POLICY_RULE_BYTES) {
    const record = parts.records[i];
    if (record !== undefined) writeRule(view, at, record);
  }
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
  for (const [i, { first, count }] of parts.ordered.spans.lists.entries()) pair(layout.spanListsAt + 8 * i, first, count);
  writeSets(image, view, parts, layout);
  writePrefixes(view, layout.sourcesAt, parts.sourceKeys);
  writePrefixes(view, layout.destinationPrefixesAt, parts.destinationPrefixes);
  let end = 0;
  for (const [i, bytes] of names.entries()) {
    image.set(bytes, layout.namesAt + end);
    end += bytes.length;
    view.setUint32(layout.endsAt + 4 * i, end, true);
  }
  sealImage(image, layout);
  return image;
}

function writeRule(view: DataView, at: number, { order, ports, portList, ...record }: RuleRecord): void {
  view.setUint16(at + POLICY_RULE_FROM, ports.from, true);
  view.setUint16(at + POLICY_RULE_TO, ports.to, true);
  view.setUint8(at + POLICY_RULE_PROTOCOLS, ports.protocols);
  view.setUint8(at + POLICY_RULE_ACTIVITIES, record.activities);
  view.setUint16(at + POLICY_RULE_TIMES, record.timeList, true);
  // The 64 bits in halves: the list of destinations lies across both.
  const low = order | (record.destinationList << POLICY_MORE_DESTINATIONS);
  const high = (record.destinationList >>> (32 - POLICY_MORE_DESTINATIONS)) | (portList << (POLICY_MORE_PORTS - 32));
  view.setUint32(at + POLICY_RULE_MORE, low, true);
  view.setUint32(at + POLICY_RULE_MORE + 4, high, true);
}

function writeSets(image: Uint8Array, view: DataView, parts: ImageParts, layout: ImageLayout): void {
  const words = Math.ceil(layout.rules / 128);
  let unit = 0;
  let entry = layout.setsAt;
  const write = (list: readonly number[], dense: boolean): void => {
    view.setUint32(entry, unit, true);
    view.setUint32(entry + 4, dense ? DENSE : list.length, true);
    entry += 8;
    const at = layout.payloadAt + 16 * unit;
    if (dense) for (const rule of list) image[at + (rule >>> 3)] = (image[at + (rule >>> 3)] ?? 0) | (1 << (rule & 7));
    else for (let n = 0; n < list.length; n++) view.setUint32(at + 4 * n, list[n] ?? 0, true);
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

function encodeNames(names: readonly string[]): Uint8Array[] {
  const encoder = new TextEncoder();
  return names.map((name) => {
    // A lone surrogate would be encoded like U+FFFD, and so equal a name that differs.
    if (typeof name !== 'string' || name === '' || !name.isWellFormed()) {
      throw new CoreError('CW_CORE_POLICY', 'a name is no Unicode text');
    }
    const encoded = encoder.encode(name);
    if (encoded.length > MAX_NAME_BYTES) {
      throw new CoreError('CW_CORE_POLICY', `a name is longer than ${MAX_NAME_BYTES} bytes`);
    }
    return encoded;
  });
}
