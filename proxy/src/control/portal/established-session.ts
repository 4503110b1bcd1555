import { CausewayError } from '@causeway/contract';
import type { SessionRecord } from '../store/store.ts';
import type { PortalServices } from './portal-services.ts';

/**
 * Who is signed in, for what gives nothing new: while the store is lost and its grace lasts, who was known before too.
 *
 * @throws CausewayError `CW_STORE_LOST`
 */
export async function establishedSession(
  services: Pick<PortalServices, 'sessions' | 'storeStatus' | 'now'>,
  token: string | null,
): Promise<SessionRecord | null> {
  const store = services.storeStatus();
  if (store.state === 'ok') return services.sessions.byToken(token);
  const known = store.graceEnds > services.now() ? services.sessions.remembered(token) : null;
  if (known === null) throw new CausewayError('CW_STORE_LOST');
  return known;
}
