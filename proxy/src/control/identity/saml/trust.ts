import type { IdentityProvider } from './metadata.ts';

/** Whose responses are accepted, and for whom they must be made out. */
export interface SamlTrust {
  readonly idp: IdentityProvider;
  /** Our entity ID: the only audience. */
  readonly spEntityId: string;
  /** Our assertion consumer service: the only Destination and Recipient. */
  readonly acsUrl: string;
}

export interface SamlExpectation {
  /** The ID of the AuthnRequest that this browser was sent away with. */
  readonly requestId: string;
  readonly now: number;
}
