import type { Deployment } from '../config/schema.ts';
import type { OfferedSnapshot } from '../rpc/offered-snapshot.ts';
import type { IdentityProvider } from './identity/saml/metadata.ts';
import type { SamlTrust } from './identity/saml/trust.ts';
import type { PolicyView } from './policy-view.ts';
import type { Snapshot } from './snapshot/held-snapshot.ts';
import type { HeldBodies } from './snapshot/publishing.ts';

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
