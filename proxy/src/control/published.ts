import type { PrivateApp } from '@causeway/contract';
import type { Deployment } from '../config/schema.ts';
import type { RuleFacts } from '../policy/rule-facts.ts';
import type { OfferedSnapshot } from '../rpc/offered-snapshot.ts';
import type { SnapshotHead } from '../rpc/snapshot.ts';
import type { IdentityProvider } from './identity/saml/metadata.ts';
import type { SamlTrust } from './identity/saml/trust.ts';
import type { PolicyView } from './policy-view.ts';
import type { HeldBodies } from './snapshot/publishing.ts';

/** A snapshot as control works with it; of rules it holds what edges do. */
export interface Snapshot extends SnapshotHead {
  readonly apps: readonly PrivateApp[];
  readonly facts: RuleFacts;
}

/** One published configuration and what was made from it; swapped whole, never changed. */
export interface Published {
  readonly config: Deployment;
  readonly snapshot: Snapshot;
  /** What edges get of it. */
  readonly edges: OfferedSnapshot;
  /** The objects of the snapshot, by kind and in order. */
  readonly objects: HeldBodies;
  readonly policy: PolicyView;
  readonly idp: IdentityProvider;
  readonly trust: SamlTrust;
  readonly sessionMs: number;
}
