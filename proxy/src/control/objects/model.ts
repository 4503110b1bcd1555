import type { ObjectKind } from '@causeway/contract';
import type { ObjectBody } from './kinds/kind.ts';

/** One object of the working set. */
export interface StoredObject<B extends ObjectBody = ObjectBody> {
  readonly kind: ObjectKind;
  readonly name: string;
  /** The ETag; counts up with every change, also over a deletion. */
  readonly revision: number;
  readonly body: B;
  /** Sorts objects of an ordered kind; 0 elsewhere. The number itself means nothing and may change by itself. */
  readonly position: number;
  readonly managedBy: 'api' | 'file';
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly updatedBy: string;
}

/** Where an object of an ordered kind goes, among those that the API manages: the file's are before all of them. */
export type Placement = { readonly before: string } | { readonly after: string } | 'first' | 'last';

export interface ObjectChange {
  readonly kind: ObjectKind;
  readonly name: string;
  readonly op: 'put' | 'delete';
  /** The whole object; its `name` may be left out. */
  readonly body?: unknown;
  /** What the caller has seen: its revision, or `null` where there must be none. Absent: whatever is there. */
  readonly ifRevision?: number | null;
  /** A new object goes last, one that is there stays, where this is absent. */
  readonly position?: Placement;
}

/** Who changes something, and why. */
export interface Author {
  readonly actor: string;
  readonly comment: string;
  readonly source: 'api' | 'file';
}

export interface ApplyOptions {
  /** Nobody may have changed the working set since it had this version. */
  readonly ifVersion?: number;
  /** Says what would come of it and changes nothing. */
  readonly dryRun?: boolean;
  /** Per ordered kind: the objects named come in this order afterwards, in the places that they have together. */
  readonly order?: Partial<Readonly<Record<ObjectKind, readonly string[]>>>;
}

/** One difference between two bodies: `before` alone was removed, `after` alone is new. */
export interface ObjectDifference {
  /** `clientless.urls[1]`; of a list of words only the name of the list; `(order)` where the object moved. */
  readonly path: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

export interface ChangeOutcome {
  readonly kind: ObjectKind;
  readonly name: string;
  readonly outcome: 'created' | 'updated' | 'moved' | 'deleted' | 'unchanged';
  readonly revision: number;
  /** Empty for what was created, deleted or stays. */
  readonly diff: readonly ObjectDifference[];
}

export interface ApplyResult {
  /** Version of the working set afterwards. */
  readonly version: number;
  /** In the order of the changes; what only `order` moved comes after them. */
  readonly outcomes: readonly ChangeOutcome[];
}

/** An earlier or present state of an object. */
export interface ObjectVersion {
  readonly kind: ObjectKind;
  readonly name: string;
  readonly revision: number;
  readonly op: 'created' | 'updated' | 'moved' | 'deleted';
  /** Of a deletion what was deleted. */
  readonly body: ObjectBody;
  readonly diff: readonly ObjectDifference[];
  /** Number of the change that made it; what has the same number was changed together. */
  readonly change: number;
  readonly at: number;
  readonly actor: string;
  readonly source: 'api' | 'file';
  readonly comment: string;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** What continues after the last of them; `null` at the end. */
  readonly next: string | null;
}
