import { CausewayError, type Principal } from '@causeway/contract';
import type { Directory } from './directory/directory.ts';
import type { PersonAccess } from './directory/records.ts';
import type { DeviceRecord } from './store/store.ts';

type Device = Pick<DeviceRecord, 'id' | 'name' | 'user'>;

/**
 * Who a device's flows are decided for: its owner, as the directory knows them now.
 *
 * @throws CausewayError `CW_PERSON_INACTIVE` where the owner has no access any more
 */
export async function devicePrincipal(directory: Directory, device: Device): Promise<Principal> {
  const owner = await directory.groupsOf(device.user);
  if (owner === null || !owner.active) throw new CausewayError('CW_PERSON_INACTIVE');
  return principalOf(owner, device);
}

export function principalOf(owner: PersonAccess, device: Pick<Device, 'id' | 'name'>): Principal {
  return {
    user: owner.user,
    displayName: owner.displayName,
    groups: [...owner.groups],
    ...(owner.ou === null ? {} : { ou: owner.ou }),
    method: 'agent',
    device: { id: device.id, name: device.name },
    authenticatedAt: owner.seenAt ?? 0,
    session: `device:${device.id}`,
  };
}
