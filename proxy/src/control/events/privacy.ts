import { createHmac } from 'node:crypto';
import type { EventRecord } from '../../rpc/messages.ts';

/** What events do not say, of the settings object. */
export interface EventPrivacy {
  /** The same person is the same pseudonym, on every PoP of a store. */
  readonly pseudonymiseUser: boolean;
  /** Paths of requests and targets of flows; reasons stay. */
  readonly dropPath: boolean;
  /** The device's id, which leads to its owner and host name. */
  readonly dropOwner: boolean;
}

const PSEUDONYM_DIGITS = 32;

/** `p_` and 128 bits: who has not the key can neither tell the person nor try all people. */
export function pseudonymOf(key: Buffer, user: string): string {
  const hash = createHmac('sha256', key).update(user.toLowerCase()).digest('hex');
  return `p_${hash.slice(0, PSEUDONYM_DIGITS)}`;
}

/** The event as it may be stored and exported. */
export function withPrivacy(event: EventRecord, privacy: EventPrivacy, key: Buffer): EventRecord {
  const { pseudonymiseUser, dropPath, dropOwner } = privacy;
  if (!pseudonymiseUser && !dropPath && !dropOwner) return event;
  const path = event.kind === 'request' || event.kind === 'flow' ? null : event.path;
  const session = event.session?.startsWith('device:') === true ? null : event.session;
  return {
    ...event,
    ...(pseudonymiseUser && event.user !== null ? { user: pseudonymOf(key, event.user) } : {}),
    ...(dropPath ? { path } : {}),
    ...(dropOwner ? { device: null, session } : {}),
  };
}
