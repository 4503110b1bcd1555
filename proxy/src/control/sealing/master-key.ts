import { createSecretKey, hkdfSync, randomBytes, type KeyObject } from 'node:crypto';
import { CausewayError } from '@causeway/contract';
import { open, seal } from './sealed-box.ts';

const BYTES = 32;
const BASE64 = /^[A-Za-z0-9+/_-]{43}=?$/;
const HEX = /^[0-9a-fA-F]{64}$/;

/**
 * What opens the data key, and nothing else. It is 32 random bytes; the key that wraps, and the id by which the store
 * remembers who wrapped, are derived from them (HKDF, RFC 5869), so that the id gives nothing away.
 */
export class MasterKey {
  /** `mk_` and 16 hex digits. */
  readonly id: string;
  readonly #wrapping: KeyObject;

  constructor(bytes: Uint8Array) {
    const derive = (purpose: string, length: number): Buffer =>
      Buffer.from(hkdfSync('sha256', bytes, '', `causeway master key 1: ${purpose}`, length));
    this.id = `mk_${derive('id', 8).toString('hex')}`;
    this.#wrapping = createSecretKey(derive('wrap', BYTES));
  }

  wrap(dataKeyId: string, dataKey: KeyObject): string {
    return seal(this.#wrapping, place(dataKeyId, this.id), dataKey.export());
  }

  /** @throws CausewayError `CW_SECRET_DAMAGED` */
  unwrap(dataKeyId: string, wrapped: string): KeyObject {
    return createSecretKey(open(this.#wrapping, place(dataKeyId, this.id), wrapped));
  }
}

const place = (dataKeyId: string, masterKeyId: string): string => `data key ${dataKeyId} under ${masterKeyId}`;

/** A new master key as text: 32 random bytes in base64, as `openssl rand -base64 32` makes them. */
export function newMasterKeyText(): string {
  return randomBytes(BYTES).toString('base64');
}

/**
 * 32 bytes in base64, base64url or hexadecimal, whitespace around them left out.
 *
 * @param where names the source in what is said of a text that is no key; the text itself is never said
 * @throws CausewayError `CW_MASTER_KEY_INVALID`
 */
export function parseMasterKey(text: string, where: string): MasterKey {
  const trimmed = text.trim();
  if (HEX.test(trimmed)) return new MasterKey(Buffer.from(trimmed, 'hex'));
  if (BASE64.test(trimmed)) return new MasterKey(Buffer.from(trimmed, 'base64url'));
  throw new CausewayError(
    'CW_MASTER_KEY_INVALID',
    `${where} holds no master key: 32 bytes in base64 or hexadecimal, as openssl rand -base64 32 makes them`,
  );
}
