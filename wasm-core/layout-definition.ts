/**
 * Every record and every number that both sides of the WebAssembly boundary know, declared once. `layout.ts` turns
 * them into `assembly/layout.gen.ts` and `src/layout.gen.ts`.
 *
 * Fields follow one another in the order given, little-endian; nothing is padded silently: a field that is not at a
 * multiple of its own size, or a size that is not the sum of the fields, is an error. Fill gaps with `bytes(n)`.
 */
export type FieldType = 'u8' | 'u16' | 'u32' | 'i32' | 'u64' | 'i64' | Bytes;

/** `n` bytes, aligned to one. */
export interface Bytes {
  readonly bytes: number;
}

export const bytes = (n: number): Bytes => ({ bytes: n });

export interface RecordDefinition {
  /** In camelCase: `natEntry` gives NAT_ENTRY_BYTES and, for its field `lastSeen`, NAT_ENTRY_LAST_SEEN. */
  readonly name: string;
  readonly about: string;
  /** Of one record in bytes, a multiple of `align`. */
  readonly size: number;
  /** What the start of a record is a multiple of: 1, 2, 4, 8 or 16. */
  readonly align: number;
  readonly fields: readonly { readonly name: string; readonly type: FieldType }[];
}

/** Numbers that mean something: kinds, flags, answers of functions. `packetFlag` with `options` gives PACKET_FLAG_OPTIONS. */
export interface NumbersDefinition {
  readonly name: string;
  readonly about: string;
  readonly type: 'u32' | 'i32';
  readonly values: Readonly<Record<string, number>>;
}

export const RECORDS: readonly RecordDefinition[] = [
  {
    name: 'policyRule',
    about: 'What of a rule is asked of each flow: see `src/policy/image-layout.ts`.',
    size: 16,
    align: 8,
    fields: [
      { name: 'from', type: 'u16' },
      { name: 'to', type: 'u16' },
      { name: 'protocols', type: 'u8' },
      { name: 'activities', type: 'u8' },
      { name: 'times', type: 'u16' },
      { name: 'destinations', type: 'u32' },
      { name: 'ports', type: 'u32' },
    ],
  },
  {
    name: 'policyTable',
    about:
      'Where the sections of a policy image lie (relative to it) and how long they are, as `policyLoad` takes them.',
    size: 76,
    align: 4,
    fields: [
      ...['rulesAt', 'rangesAt', 'portListsAt', 'windowsAt', 'timeListsAt', 'setsAt', 'payloadAt'],
      ...['rules', 'ranges', 'portLists', 'windows', 'timeLists', 'destinationLists', 'units'],
      ...['firstApp', 'apps', 'firstDestination', 'destinations', 'axesAt'],
    ].map((name) => ({ name, type: 'u32' as const })),
  },
  {
    name: 'policyProbe',
    about: 'One probe of a batch; the answer, an i32, takes the place of its app.',
    size: 8,
    align: 4,
    fields: [
      { name: 'app', type: 'u32' },
      { name: 'port', type: 'u16' },
      { name: 'protocol', type: 'u8' },
      { name: 'activity', type: 'u8' },
    ],
  },
];

export const NUMBERS: readonly NumbersDefinition[] = [
  {
    name: 'policy',
    about:
      'Sets that every image has: rules without a condition on each axis of a principal, then rules for every app.',
    type: 'u32',
    values: { axes: 8, everyApp: 8, fixedSets: 9 },
  },
  { name: 'policyProtocol', about: 'Bits.', type: 'u32', values: { tcp: 1, udp: 2 } },
  {
    name: 'policyActivity',
    about: 'Bits.',
    type: 'u32',
    values: { access: 1, upload: 2, download: 4, copy: 8, paste: 16, any: 31 },
  },
  {
    name: 'policyMinute',
    about: 'Minutes of a week from Monday 00:00; `unknown` where the flow has no time.',
    type: 'u32',
    values: { week: 10_080, unknown: 0xffff },
  },
];
