/** What a layout is declared with. Field types are those of the record, not of JavaScript. */
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
