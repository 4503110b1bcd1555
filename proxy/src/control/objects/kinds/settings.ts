import { z } from 'zod';
import type { Kind } from './kind.ts';

/** What holds for the whole deployment. There is one such object, named `default`; without it every default holds. */
export const settings = z.strictObject({
  name: z.literal('default'),
  devices: z
    .strictObject({ perPerson: z.number().int().min(1).max(1_000).default(16).describe('enrolled devices at most') })
    .prefault({}),
  events: z
    .strictObject({
      retentionDays: z.number().int().min(1).max(3_650).default(30),
      maxEvents: z
        .number()
        .int()
        .min(1_000)
        .max(1_000_000_000)
        .default(10_000_000)
        .describe('older ones go, whatever their age'),
      pseudonymiseUser: z.boolean().default(false),
      dropPath: z.boolean().default(false).describe('paths of requests and targets of flows'),
      dropOwner: z.boolean().default(false).describe('the device, which leads to its owner and host name'),
    })
    .prefault({}),
});
export type Settings = z.output<typeof settings>;

export const DEFAULT_SETTINGS: Settings = settings.parse({ name: 'default' });

export const settingsKind: Kind<Settings> = { kind: 'settings', schema: settings, ordered: false, fields: [] };
