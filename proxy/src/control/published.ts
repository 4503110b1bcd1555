import type { Deployment } from '../config/schema.ts';
import type { Snapshot } from '../rpc/messages.ts';
import type { IdentityProvider } from './identity/saml/metadata.ts';
import type { SamlTrust } from './identity/saml/trust.ts';
import type { PolicyView } from './policy-view.ts';
import type { Bodies } from './snapshot/checked-contents.ts';

/** One published configuration and what was made from it; swapped whole, never changed. */
export interface Published {
  readonly config: Deployment;
  readonly snapshot: Snapshot;
  /** Every object of the snapshot, by kind and in order. */
  readonly objects: Bodies;
  readonly policy: PolicyView;
  readonly idp: IdentityProvider;
  readonly trust: SamlTrust;
  readonly sessionMs: number;
}
