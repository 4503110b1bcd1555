import type { ObjectKind } from '@causeway/contract';

/** Tables of the configuration objects, their history and what was published of them. */
export interface ObjectTables {
  /** The working set. */
  object: {
    kind: ObjectKind;
    name: string;
    /** Counts up with every change, also over a deletion, so that no two states share one. */
    revision: number;
    /** What order among its kind means something by, with gaps; those of the file lie before 0. */
    position: number;
    managed_by: 'api' | 'file';
    created_at: number;
    updated_at: number;
    updated_by: string;
    /** SHA-256 of the body, base64url. */
    digest: string;
    /** Lower case: what a search looks through. */
    words: string;
    /** Lower case: `\nfield=value\n…\n`, what filters look through. */
    terms: string;
    /** JSON. */
    body: string;
  };
  /** One row for each time somebody changed something; its number is the working set's version from then on. */
  object_change: { number: number; at: number; actor: string; source: 'api' | 'file'; comment: string };
  /** Every state that an object ever had. */
  object_revision: {
    kind: ObjectKind;
    name: string;
    revision: number;
    change: number;
    op: 'created' | 'updated' | 'moved' | 'deleted';
    position: number;
    /** JSON; of a deletion the last body. */
    body: string;
  };
  /** A published configuration. */
  snapshot: {
    number: number;
    published_at: number;
    published_by: string;
    comment: string;
    /** Version of the working set that it was made from. */
    working: number;
    /** SHA-256 over kinds and chunks: the same contents have the same. */
    digest: string;
    objects: number;
  };
  /** Which chunks, in order, hold a snapshot's objects of one kind. */
  snapshot_part: { snapshot: number; kind: ObjectKind; place: number; chunk: string };
  /** Some objects of a kind in their order, stored once for all snapshots that have them. */
  snapshot_chunk: { hash: string; text: string };
}
