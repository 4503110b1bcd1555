import { randomBytes } from 'node:crypto';
import { CausewayError, LIMITS } from '@causeway/contract';
import { oneLine } from '../one-line.ts';
import type { Store } from '../store/store.ts';
import type { Ca, ClientRequest } from './ca.ts';
import { checkRequest } from './certificate-request.ts';
import { joinSecretHash } from './join-tokens.ts';

export interface Enrolled {
  readonly kind: 'publisher' | 'device';
  readonly id: string;
  readonly name: string;
  /** PEM of the client certificate. */
  readonly certificate: string;
  /** PEM of the CA. */
  readonly ca: string;
}

/** Whom a valid client certificate belongs to. */
export type EnrolledPeer =
  | { readonly kind: 'publisher'; readonly id: string; readonly name: string }
  | { readonly kind: 'device'; readonly id: string; readonly name: string; readonly user: string };

export interface Enrolment {
  /**
   * Spends the token of `secret` and binds the key of the request to the token's owner. A publisher is named by its
   * token (a second one under the same name is a replica with an id of its own), a device names itself.
   *
   * @throws CausewayError `CW_CSR_INVALID` (the token stays good), `CW_TOKEN_INVALID`, `CW_DEVICE_LIMIT`
   */
  enrol(request: { readonly secret: string; readonly csr: string; readonly name: string }): Promise<Enrolled>;
  /**
   * A fresh certificate for the holder of one that may have expired, but was never revoked.
   *
   * @throws CausewayError `CW_CSR_INVALID`, `CW_CERT_FOREIGN`, `CW_CERT_REVOKED`
   */
  renew(request: {
    readonly fingerprint: string;
    readonly id: string;
    readonly csr: string;
  }): Promise<{ certificate: string; ca: string }>;
  /** @throws CausewayError `CW_CERT_FOREIGN`, `CW_CERT_REVOKED`, `CW_CERT_EXPIRED` */
  peer(request: { readonly fingerprint: string; readonly id: string }): Promise<EnrolledPeer>;
}

/** @param perPerson how many devices a person may have */
export function openEnrolment(
  store: Store,
  ca: Ca,
  now: () => number = Date.now,
  perPerson: () => number = () => Infinity,
): Enrolment {
  return {
    async enrol({ secret, csr, name }) {
      await checkRequest(csr);
      const token = await store.takeJoinToken(joinSecretHash(secret), now());
      if (token === null) throw new CausewayError('CW_TOKEN_INVALID');
      const { kind, owner } = token;
      const id = `${kind === 'publisher' ? 'p' : 'd'}_${randomBytes(16).toString('base64url')}`;
      const record = { id, createdAt: now(), revokedAt: null };
      const shown = kind === 'publisher' ? owner : deviceName(name);
      if (kind === 'publisher') await store.createPublisher({ ...record, name: shown });
      else await store.createDevice({ ...record, name: shown, user: owner }, perPerson());
      const certificate = await issue(store, ca, { kind, id, csr, days: LIMITS.certificateDays });
      return { kind, id, name: shown, certificate, ca: ca.certificate };
    },

    async renew({ fingerprint, id, csr }) {
      const { peer } = await holder(store, fingerprint, id);
      const certificate = await issue(store, ca, { kind: peer.kind, id, csr, days: LIMITS.certificateDays });
      return { certificate, ca: ca.certificate };
    },

    async peer({ fingerprint, id }) {
      const { peer, notAfter } = await holder(store, fingerprint, id);
      if (notAfter <= now()) throw new CausewayError('CW_CERT_EXPIRED', `the certificate of ${id} has expired`);
      return peer;
    },
  };
}

async function issue(store: Store, ca: Ca, request: ClientRequest): Promise<string> {
  const { certificate, fingerprint, notAfter } = await ca.issueClient(request);
  await store.addCertificate({ fingerprint, kind: request.kind, owner: request.id, notAfter });
  return certificate;
}

/** Who holds a certificate of ours. That the peer has its key was shown by TLS. */
async function holder(
  store: Store,
  fingerprint: string,
  id: string,
): Promise<{ peer: EnrolledPeer; notAfter: number }> {
  const certificate = await store.certificate(fingerprint);
  if (certificate === null || certificate.owner !== id) {
    throw new CausewayError('CW_CERT_FOREIGN', `no certificate ${fingerprint} was issued to ${id}`);
  }
  const { kind, notAfter } = certificate;
  const found = kind === 'publisher' ? await publisherPeer(store, id) : await devicePeer(store, id);
  if (found === null) throw new CausewayError('CW_CERT_FOREIGN', `${kind} ${id} is not in the store`);
  if (found.revoked) throw new CausewayError('CW_CERT_REVOKED', `${kind} ${id} was revoked`);
  return { peer: found.peer, notAfter };
}

interface Holder {
  readonly peer: EnrolledPeer;
  readonly revoked: boolean;
}

async function publisherPeer(store: Store, id: string): Promise<Holder | null> {
  const record = await store.publisher(id);
  if (record === null) return null;
  return { peer: { kind: 'publisher', id, name: record.name }, revoked: record.revokedAt !== null };
}

async function devicePeer(store: Store, id: string): Promise<Holder | null> {
  const record = await store.device(id);
  if (record === null) return null;
  const { name, user, revokedAt } = record;
  return { peer: { kind: 'device', id, name, user }, revoked: revokedAt !== null };
}

function deviceName(name: string): string {
  const clean = oneLine(name, 100);
  return clean === '' ? 'device' : clean;
}
