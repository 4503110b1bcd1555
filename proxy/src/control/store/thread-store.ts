import type { EventRecord, SessionGrant } from '../../rpc/messages.ts';
import type {
  CertificateRecord,
  DeviceRecord,
  JoinTokenRecord,
  PublisherRecord,
  SessionRecord,
  Store,
  UserRecord,
} from './store.ts';
import { ThreadCalls, type ThreadOptions } from './thread-calls.ts';

/**
 * Opens the store in `file` in a thread of its own, so that no query ever blocks the control loop. A thread that dies
 * fails the calls under way with `CW_STORE_FAILED` and is started again; when it dies again at once, every call fails.
 *
 * @throws CausewayError `CW_STORE_FAILED` where the file cannot be opened or was written by a newer version
 */
export async function openStore(file: string, options: ThreadOptions = {}): Promise<Store> {
  const calls = new ThreadCalls(file, options);
  await calls.open();
  return new ThreadStore(calls);
}

class ThreadStore implements Store {
  readonly #calls: ThreadCalls;

  constructor(calls: ThreadCalls) {
    this.#calls = calls;
  }

  async secret(name: string, value: () => string): Promise<string> {
    return (await this.findSecret(name)) ?? this.#calls.call('secret', [name, value()]);
  }

  findSecret(name: string): Promise<string | null> {
    return this.#calls.call('findSecret', [name]);
  }

  replaceSecret(name: string, old: string, value: string): Promise<string> {
    return this.#calls.call('replaceSecret', [name, old, value]);
  }

  upsertUser(user: UserRecord): Promise<void> {
    return this.#calls.call('upsertUser', [user]);
  }

  user(name: string): Promise<UserRecord | null> {
    return this.#calls.call('user', [name]);
  }

  createSession(session: SessionRecord): Promise<void> {
    return this.#calls.call('createSession', [session]);
  }

  session(id: string): Promise<SessionRecord | null> {
    return this.#calls.call('session', [id]);
  }

  sessionByLoginHash(hash: string): Promise<SessionRecord | null> {
    return this.#calls.call('sessionByLoginHash', [hash]);
  }

  sessionsOf(user: string): Promise<SessionRecord[]> {
    return this.#calls.call('sessionsOf', [user]);
  }

  sessions(now: number): Promise<SessionRecord[]> {
    return this.#calls.call('sessions', [now]);
  }

  endSession(id: string): Promise<boolean> {
    return this.#calls.call('endSession', [id]);
  }

  addAppToken(token: { tokenHash: string; session: string; host: string; createdAt: number }): Promise<void> {
    return this.#calls.call('addAppToken', [token]);
  }

  grant(tokenHash: string, now: number): Promise<SessionGrant | null> {
    return this.#calls.call('grant', [tokenHash, now]);
  }

  grants(now: number): Promise<SessionGrant[]> {
    return this.#calls.call('grants', [now]);
  }

  createJoinToken(token: JoinTokenRecord): Promise<void> {
    return this.#calls.call('createJoinToken', [token]);
  }

  takeJoinToken(hash: string, now: number): Promise<JoinTokenRecord | null> {
    return this.#calls.call('takeJoinToken', [hash, now]);
  }

  createPublisher(publisher: PublisherRecord): Promise<void> {
    return this.#calls.call('createPublisher', [publisher]);
  }

  publisher(id: string): Promise<PublisherRecord | null> {
    return this.#calls.call('publisher', [id]);
  }

  publishers(): Promise<PublisherRecord[]> {
    return this.#calls.call('publishers', []);
  }

  createDevice(device: DeviceRecord): Promise<void> {
    return this.#calls.call('createDevice', [device]);
  }

  device(id: string): Promise<DeviceRecord | null> {
    return this.#calls.call('device', [id]);
  }

  devices(): Promise<DeviceRecord[]> {
    return this.#calls.call('devices', []);
  }

  devicesOf(user: string): Promise<DeviceRecord[]> {
    return this.#calls.call('devicesOf', [user]);
  }

  revokePublisher(id: string, at: number): Promise<boolean> {
    return this.#calls.call('revokePublisher', [id, at]);
  }

  revokeDevice(id: string, at: number): Promise<boolean> {
    return this.#calls.call('revokeDevice', [id, at]);
  }

  addCertificate(certificate: CertificateRecord): Promise<void> {
    return this.#calls.call('addCertificate', [certificate]);
  }

  certificate(fingerprint: string): Promise<CertificateRecord | null> {
    return this.#calls.call('certificate', [fingerprint]);
  }

  useAssertion(id: string, expiresAt: number): Promise<boolean> {
    return this.#calls.call('useAssertion', [id, expiresAt]);
  }

  appendEvents(events: readonly EventRecord[]): Promise<void> {
    return this.#calls.call('appendEvents', [events]);
  }

  events(limit: number): Promise<EventRecord[]> {
    return this.#calls.call('events', [limit]);
  }

  epoch(): Promise<number> {
    return this.#calls.call('epoch', []);
  }

  publishSnapshot(text: string, at: number): Promise<number> {
    return this.#calls.call('publishSnapshot', [text, at]);
  }

  sweep(now: number, eventsBefore: number): Promise<void> {
    return this.#calls.call('sweep', [now, eventsBefore]);
  }

  close(): Promise<void> {
    return this.#calls.close();
  }
}
