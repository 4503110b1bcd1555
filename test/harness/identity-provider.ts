import type { Page } from 'playwright-core';

/** What an identity provider knows of a PoP. */
export interface ServiceProvider {
  readonly entityId: string;
  readonly acsUrl: string;
  /** Of further PoPs of the deployment. */
  readonly otherAcsUrls?: readonly string[];
}

/** An identity provider as the tests use one. */
export interface IdentityProvider {
  readonly metadata: string;
  /** The CA of its web certificate, where it has one. */
  readonly caFile: string | null;
  /** On its page: signs in, and leaves the page. */
  signIn(page: Page, person: string): Promise<void>;
  stop(): Promise<void>;
}
