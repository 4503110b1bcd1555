import type { Config } from '../config/schema.ts';
import type { Snapshot } from '../rpc/messages.ts';
import type { IdentityProvider } from './identity/saml/metadata.ts';
import type { SamlTrust } from './identity/saml/trust.ts';
import type { PolicyView } from './policy-view.ts';

/** One published configuration and what was made from it; swapped whole, never changed. */
export interface Published {
  readonly config: Config;
  readonly snapshot: Snapshot;
  readonly policy: PolicyView;
  readonly idp: IdentityProvider;
  readonly trust: SamlTrust;
  readonly sessionMs: number;
}
