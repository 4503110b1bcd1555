import type { SessionGrant } from '../../rpc/messages.ts';
import type { OwnEpochs } from './own-epochs.ts';

/**
 * What the control process keeps. One interface, so that PostgreSQL can stand beside SQLite; one contract suite runs
 * on every implementation. Every method either has stored what it says when it resolves, or rejects with
 * `CW_STORE_FAILED`. Times are milliseconds since 1970; hashes are SHA-256, base64url unless said otherwise.
 */
export interface Store {
  createSession(session: SessionRecord): Promise<void>;
  session(id: string): Promise<SessionRecord | null>;
  sessionByLoginHash(hash: string): Promise<SessionRecord | null>;
  sessionsOf(user: string): Promise<SessionRecord[]>;
  sessions(now: number): Promise<SessionRecord[]>;
  /** Removes the session and its app tokens; false when there was none. Raises the epoch in the same transaction. */
  endSession(id: string): Promise<boolean>;
  addAppToken(token: { tokenHash: string; session: string; host: string; createdAt: number }): Promise<void>;
  grant(tokenHash: string, now: number): Promise<SessionGrant | null>;
  /** Every grant of every session that has not expired. */
  grants(now: number): Promise<SessionGrant[]>;
  /** Likewise, of these people alone. */
  grantsOf(users: readonly string[], now: number): Promise<SessionGrant[]>;

  createJoinToken(token: JoinTokenRecord): Promise<void>;
  /** Takes a token that has not been used and has not expired, once; `null` otherwise. */
  takeJoinToken(hash: string, now: number): Promise<JoinTokenRecord | null>;
  /** Of publishers, those that are good still, the next to end first; 500 at most. */
  publisherJoinTokens(now: number): Promise<JoinTokenRecord[]>;
  /** A publisher's token enrols nobody any more; false when there was none. */
  dropPublisherJoinToken(hash: string): Promise<boolean>;

  createPublisher(publisher: PublisherRecord): Promise<void>;
  publisher(id: string): Promise<PublisherRecord | null>;
  publishers(): Promise<PublisherRecord[]>;
  /**
   * @param limit how many devices the person may have with this one, removed ones not counted; two that come at once
   *   never pass it together
   * @throws CausewayError `CW_DEVICE_LIMIT`
   */
  createDevice(device: DeviceRecord, limit?: number): Promise<void>;
  device(id: string): Promise<DeviceRecord | null>;
  devices(): Promise<DeviceRecord[]>;
  devicesOf(users: readonly string[]): Promise<DeviceRecord[]>;
  /** Marks it revoked for good and raises the epoch; false when it was unknown or revoked already. */
  revokePublisher(id: string, at: number): Promise<boolean>;
  revokeDevice(id: string, at: number): Promise<boolean>;

  addCertificate(certificate: CertificateRecord): Promise<void>;
  certificate(fingerprint: string): Promise<CertificateRecord | null>;

  /** False when one of them, assertions and answered requests, was used before; of those tried at once one wins. */
  useOnce(ids: readonly string[], expiresAt: number): Promise<boolean>;

  epoch(): Promise<number>;
  /** Which epochs were raised through this store, and not by another process. */
  readonly ownEpochs: OwnEpochs;
  /** Raises the epoch beyond one that is known, where the database was put back to before it. */
  liftEpoch(known: number): Promise<void>;

  /** Forgets what has expired: sessions, tokens, assertions, tickets. Bounded work per call. */
  sweep(now: number): Promise<void>;
  close(): Promise<void>;
}

export interface SessionRecord {
  readonly id: string;
  readonly user: string;
  readonly displayName: string;
  readonly groups: readonly string[];
  readonly ou: string | null;
  /** SHA-256 of the login host's cookie. */
  readonly loginHash: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly address: string;
  /** For single logout at the identity provider. */
  readonly nameId: string;
  readonly sessionIndex: string | null;
}

export interface JoinTokenRecord {
  readonly hash: string;
  readonly kind: 'publisher' | 'device';
  /** The publisher's name, or the person whom the device will belong to. */
  readonly owner: string;
  readonly expiresAt: number;
}

export interface PublisherRecord {
  readonly id: string;
  readonly name: string;
  readonly createdAt: number;
  readonly revokedAt: number | null;
}

export interface DeviceRecord {
  readonly id: string;
  readonly name: string;
  readonly user: string;
  readonly createdAt: number;
  readonly revokedAt: number | null;
}

export interface CertificateRecord {
  /** SHA-256 of the DER, 64 hex digits. */
  readonly fingerprint: string;
  readonly kind: 'publisher' | 'device';
  /** The publisher's or device's id. */
  readonly owner: string;
  readonly notAfter: number;
}
