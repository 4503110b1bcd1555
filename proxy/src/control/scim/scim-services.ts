import type { Directory } from '../directory/directory.ts';
import type { Logger } from '../log.ts';

/** What the SCIM routes stand on. */
export interface ScimServices {
  readonly directory: Directory;
  /** Whether this is a live bearer token of this identity provider. */
  verifyToken(idp: string, token: string): Promise<boolean>;
  /** `https://admin.<identity domain>[:port]`, as it is now. */
  origin(): string;
  readonly log: Logger;
  readonly now: () => number;
}

/** Hono's environment; `provider` is set where a request comes from inside a bulk request, which was let in already. */
export interface ScimEnv {
  readonly Bindings: { readonly address: string; readonly provider?: string };
  readonly Variables: { idp: string };
}

/** `https://admin.…/scim/v2/<idp>`, no final slash. */
export function baseUrl(services: ScimServices, idp: string): string {
  return `${services.origin()}/scim/v2/${idp}`;
}
