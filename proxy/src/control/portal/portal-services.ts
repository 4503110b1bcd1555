import type { EdgeStatus, StoreStatus } from '../../rpc/messages.ts';
import type { PendingLogins } from '../identity/saml/pending.ts';
import type { SamlProfile } from '../identity/saml/assertion.ts';
import type { SamlJob } from '../identity/saml/saml-thread.ts';
import type { Sessions } from '../identity/sessions.ts';
import type { Tickets } from '../identity/tickets.ts';
import type { Published } from '../published.ts';
import type { SessionRecord, Store } from '../store/store.ts';
import type { Revocations } from '../revocation-feed.ts';
import type { Logger } from '../log.ts';
import type { StaticFiles } from './static-files.ts';

/** What the login host's routes stand on; everything that changes with the configuration is behind `published()`. */
export interface PortalServices {
  readonly store: Store;
  readonly sessions: Sessions;
  readonly tickets: Tickets;
  readonly pending: PendingLogins;
  readonly revocations: Revocations;
  readonly files: StaticFiles;
  readonly log: Logger;
  /** Seals the intents that the edges make. */
  readonly intentKey: Buffer;
  published(): Published;
  verify(job: SamlJob): Promise<SamlProfile>;
  edges(): readonly EdgeStatus[];
  /** A join token for a device of this person. */
  readonly deviceCode: (user: string) => Promise<{ token: string; expiresAt: number }>;
  readonly loginSucceeded: () => void;
  readonly loginFailed: (code: string, address: string) => void;
  ready(): boolean;
  readonly storeStatus: () => StoreStatus;
  readonly now: () => number;
}

/** Hono's environment: the client's address comes from the socket, the session from the middleware. */
export interface PortalEnv {
  readonly Bindings: { readonly address: string };
  readonly Variables: { session: SessionRecord };
}
