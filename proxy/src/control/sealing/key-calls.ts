import { userInfo } from 'node:os';
import { codeOf } from '@causeway/contract';
import type { Handlers } from '../../rpc/channel.ts';
import type { AdminCalls, KeyRequest } from '../../rpc/messages.ts';
import type { AuditLog } from '../admin/audit-log.ts';
import type { Logger } from '../log.ts';
import { addMasterKey, keyState, removeMasterKey, rotateDataKey } from './key-rotation.ts';
import type { SealedSecrets } from './sealed-secrets.ts';

export interface KeyServices {
  readonly secrets: SealedSecrets;
  readonly audit: Pick<AuditLog, 'begin' | 'end'>;
  readonly log: Logger;
  readonly now: () => number;
}

/**
 * Keys are changed over the socket of the data folder alone: whoever may open it could read the master key anyway, and
 * no token or session of an administrator, stolen or not, reaches it. The running PoP does it and not the command line,
 * because it has the master key, and writes it into the audit.
 */
export function keyCalls(services: KeyServices): Handlers<Pick<AdminCalls, 'admin.keys'>> {
  const { secrets, audit, log } = services;
  return {
    'admin.keys': async (request) => {
      if (request.do === 'list') return keyState(secrets);
      const entry = await audit.begin({
        actor: `local user ${userInfo().username}`,
        actorKind: 'local',
        actorId: '',
        address: 'local',
        action: `keys ${request.do}`,
        target: request.do === 'remove' ? request.id : '',
        reference: '',
        detail: '',
      });
      try {
        await change(services, request);
        await audit.end(entry, 'done');
      } catch (error) {
        await audit.end(entry, codeOf(error));
        throw error;
      }
      const state = await keyState(secrets);
      log.warn({ did: request.do, dataKey: state.dataKey, masterKeys: state.masterKeys }, 'keys were changed');
      return state;
    },
  };
}

async function change({ secrets, now }: KeyServices, request: Exclude<KeyRequest, { do: 'list' }>): Promise<void> {
  switch (request.do) {
    case 'rotate':
      return rotateDataKey(secrets, now());
    case 'add':
      return addMasterKey(secrets, request.masterKey, now());
    case 'remove':
      return removeMasterKey(secrets, request.id);
  }
}
