/**
 * What becomes of a device:
 *
 *                    renew                     force
 *     unregistered <-------> registered ------------------> removed (final)
 *           |      expired    |  ^   |                          ^
 *           |                 |  |   '--soft--> removal-pending-+  next contact, or an hour
 *           |     quarantine  v  | release          |           |
 *           '-----------> quarantined --------------'-----------'
 */
export type DeviceState = 'registered' | 'unregistered' | 'removal-pending' | 'removed' | 'quarantined';

export const DEVICE_STATES = ['registered', 'unregistered', 'removal-pending', 'removed', 'quarantined'] as const;

export type DeviceStep = 'quarantine' | 'release' | 'remove' | 'force-remove' | 'lapse' | 'renew';

const STEPS: Readonly<Record<DeviceStep, { readonly from: readonly DeviceState[]; readonly to: DeviceState }>> = {
  quarantine: { from: ['registered', 'unregistered', 'removal-pending'], to: 'quarantined' },
  release: { from: ['quarantined'], to: 'registered' },
  remove: { from: ['registered', 'unregistered'], to: 'removal-pending' },
  'force-remove': { from: ['registered', 'unregistered', 'removal-pending', 'quarantined'], to: 'removed' },
  lapse: { from: ['registered'], to: 'unregistered' },
  renew: { from: ['unregistered'], to: 'registered' },
};

/** Where a step leads; `null` where it cannot be taken from there. */
export function afterStep(state: DeviceState, step: DeviceStep): DeviceState | null {
  const { from, to } = STEPS[step];
  return from.includes(state) ? to : null;
}
