import { userInfo } from 'node:os';
import { CausewayError } from '@causeway/contract';
import type { Handlers } from '../../rpc/channel.ts';
import type { AdminCalls } from '../../rpc/messages.ts';
import type { AdminServices } from './admin-services.ts';

type LocalCalls = Pick<AdminCalls, 'admin.owner' | 'admin.api'>;

/** A break-glass token lives as long as repairing what locked everybody out should take. */
const BREAK_GLASS_MS = 3_600_000;
const METHODS: readonly string[] = ['GET', 'PUT', 'POST', 'PATCH', 'DELETE'];

/**
 * The admin API over the socket of the data folder, which the PoP's own user alone may open. It needs a token there too,
 * so that everything done has a name; the one way without is to have a break-glass owner made, which nobody overlooks.
 *
 * @param fetch the admin host
 */
export function localCalls(
  services: Pick<AdminServices, 'audit' | 'log' | 'now' | 'origin' | 'tokens'>,
  fetch: (request: Request, env: { address: string; local: true }) => Response | Promise<Response>,
): Handlers<LocalCalls> {
  return {
    'admin.owner': async () => {
      const { username } = userInfo();
      await services.audit.begin(
        {
          actor: `local user ${username}`,
          actorKind: 'break-glass',
          actorId: '',
          address: 'local',
          action: 'break-glass',
          target: 'owner token',
          reference: '',
          detail: '',
        },
        'done',
      );
      const expiresAt = services.now() + BREAK_GLASS_MS;
      const createdBy = `local user ${username}`;
      const made = await services.tokens.issue({
        kind: 'break-glass',
        name: 'break-glass',
        role: 'owner',
        createdBy,
        expiresAt,
      });
      services.log.error({ token: made.id, expiresAt }, `BREAK-GLASS: ${createdBy} has made an owner token`);
      return { token: made.token, expiresAt };
    },
    'admin.api': async ({ method, path, headers, body }) => {
      if (!METHODS.includes(method) || !path.startsWith('/api/v1/')) {
        throw new CausewayError('CW_REQUEST_INVALID', 'not a request to the admin API');
      }
      const request = new Request(services.origin() + path, { method, headers, ...(body === null ? {} : { body }) });
      const answer = await fetch(request, { address: 'local', local: true });
      return { status: answer.status, headers: Object.fromEntries(answer.headers), body: await answer.text() };
    },
  };
}
