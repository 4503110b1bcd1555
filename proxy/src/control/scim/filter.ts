/** A parsed filter (RFC 7644 §3.4.2.2). Names are as they were written: whoever uses them knows the schema. */
export type Comparison = 'eq' | 'ne' | 'co' | 'sw' | 'ew' | 'gt' | 'ge' | 'lt' | 'le';
export type FilterValue = string | number | boolean | null;

export type Filter =
  | { readonly t: 'and' | 'or'; readonly left: Filter; readonly right: Filter }
  | { readonly t: 'not'; readonly filter: Filter }
  | { readonly t: 'present'; readonly path: string }
  | { readonly t: 'compare'; readonly path: string; readonly op: Comparison; readonly value: FilterValue }
  /** `emails[type eq "work"]`: one value of the attribute meets all of the inner filter. */
  | { readonly t: 'values'; readonly path: string; readonly filter: Filter };

/** The path of a PATCH operation: an attribute, perhaps some of its values, perhaps a part of each. */
export interface PatchPath {
  readonly path: string;
  readonly filter: Filter | null;
  readonly sub: string | null;
}
