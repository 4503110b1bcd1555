import { privateApp, type PrivateApp } from '@causeway/contract';
import type { Kind } from './kind.ts';

export const appKind: Kind<PrivateApp> = {
  kind: 'apps',
  schema: privateApp,
  ordered: false,
  fields: ['hosts', 'ports', 'clientless.urls'],
};
