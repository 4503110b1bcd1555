import { createSecureContext, type SecureContext } from 'node:tls';
import type { EdgeSecrets } from '../../rpc/messages.ts';

/**
 * The certificates that single custom URLs have of their own, chosen by the name in the ClientHello. Replaced whole:
 * connections that are open keep the certificate that they began with.
 */
export class CustomContexts {
  #byHost: ReadonlyMap<string, SecureContext> = new Map();
  /** As they came, so that the same ones are not parsed again. */
  #known: ReadonlyMap<string, SecureContext> = new Map();

  /** @throws where a certificate and key do not go together; those in force then stay */
  put(certificates: EdgeSecrets['custom']): void {
    const byHost = new Map<string, SecureContext>();
    const known = new Map<string, SecureContext>();
    for (const { hosts, cert, key } of certificates) {
      const text = `${cert}\n${key}`;
      const context = this.#known.get(text) ?? createSecureContext({ cert, key, minVersion: 'TLSv1.2' });
      known.set(text, context);
      for (const host of hosts) byHost.set(host, context);
    }
    this.#byHost = byHost;
    this.#known = known;
  }

  /** `undefined`: the access domain's certificate serves it. */
  of(serverName: string): SecureContext | undefined {
    return this.#byHost.get(serverName.toLowerCase());
  }
}
