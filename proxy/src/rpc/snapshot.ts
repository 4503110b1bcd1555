import type { ObjectKind, PrivateApp } from '@causeway/contract';

/**
 * A published configuration on its way to the edges: a manifest of a few kilobytes that names everything by hash, and
 * pieces that an edge asks for where it does not hold them yet. What did not change is never sent again.
 */

/** What of a snapshot is no object. */
export interface SnapshotHead {
  readonly number: number;
  readonly accessDomain: string;
  readonly identityDomain: string;
  readonly tunnelDomain: string;
  /** `https://login.<identity domain>[:port]`, no final slash. */
  readonly loginOrigin: string;
  /** IANA name of the zone in which rules' times are meant. */
  readonly timeZone: string;
  readonly publishers: readonly string[];
  /** The port in URLs that people see. */
  readonly publicPort: number;
  /** How long established access goes on while nobody can say whether it still holds; a rule may say otherwise. */
  readonly graceMs: number;
}

export interface PieceName {
  /** SHA-256, base64url. */
  readonly hash: string;
  readonly bytes: number;
}

/** The kinds whose objects edges hold; of rules they have image and facts instead. */
export const EDGE_KINDS = ['apps'] as const satisfies readonly ObjectKind[];

export type EdgeKind = (typeof EDGE_KINDS)[number];

/** What an edge reads of an object of each kind. */
export interface EdgeObjects extends Record<EdgeKind, object> {
  readonly apps: PrivateApp;
}

/** Immutable, numbered, swapped whole. The number is that of the objects; the head may change beside it. */
export interface SnapshotManifest extends SnapshotHead {
  readonly rules: number;
  /** In their order; each piece is a JSON list of `{managedBy, body}`. */
  readonly objects: Readonly<Record<EdgeKind, readonly PieceName[]>>;
  /** The wasm-core policy image, cut. */
  readonly image: readonly PieceName[];
  /** What the rules mean beside the image, cut. */
  readonly facts: readonly PieceName[];
}

/** Of what is cut by length; checking one takes a fraction of a millisecond. */
export const PIECE_BYTES = 128 * 1024;
/** What one answer carries of a piece. */
export const RANGE_BYTES = 256 * 1024;
/** More than the largest snapshot has: what a manifest may make an edge ask for. */
export const MAX_SNAPSHOT_BYTES = 1024 * 1024 * 1024;
