export interface Identity {
  readonly id: string;
  readonly name: string;
  readonly kind: 'publisher' | 'device';
  /** PEM, PKCS#8. */
  readonly key: string;
  readonly certificate: string;
  /** The deployment's CA, one or two certificates. */
  readonly ca: string;
  /** `host:port` of the PoP. */
  readonly pop: string;
  readonly tunnelDomain: string;
}

export async function loadIdentity(_file: string): Promise<Identity | null> {
  return null;
}

export async function saveIdentity(_file: string, _identity: Identity): Promise<void> {}
