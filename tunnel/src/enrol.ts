import { CausewayError, type JoinToken } from '@causeway/contract';
import type { TransportName } from './connect.ts';
import type { Identity } from './identity.ts';

export interface RenewOptions {
  readonly transport: TransportName;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

export interface EnrolOptions extends RenewOptions {
  readonly token: JoinToken;
  /** What the device or publisher calls itself. */
  readonly name: string;
}

export function enrol(_options: EnrolOptions): Promise<Identity> {
  return Promise.reject(new CausewayError('CW_INTERNAL'));
}

export function renew(_identity: Identity, _options: RenewOptions): Promise<Identity> {
  return Promise.reject(new CausewayError('CW_INTERNAL'));
}
