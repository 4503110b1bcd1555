import { z } from 'zod';
import { hostPattern, slug } from '@causeway/contract';
import { audience, description, type Kind } from './kind.ts';

/**
 * Which private apps a device sends into its tunnel. The first configuration in order whose audience has the person is
 * the device's; what a rule does not allow is refused however it is steered.
 */
const steering = z.strictObject({
  name: slug,
  description,
  ...audience,
  apps: z.array(slug).min(1).max(10_000).optional().describe('with tags: apps of either; without both: every app'),
  tags: z.array(slug).min(1).max(1_000).optional(),
  bypass: z.array(hostPattern).max(1_000).default([]).describe('hosts that never enter the tunnel'),
  preLogon: z.boolean().default(false).describe('also before anybody has logged on to the device'),
});
export type Steering = z.output<typeof steering>;

export const steeringKind: Kind<Steering> = {
  kind: 'steering',
  schema: steering,
  ordered: true,
  fields: ['users', 'groups', 'ous', 'bypass'],
};
