import { createCipheriv, createDecipheriv, randomBytes, type KeyObject } from 'node:crypto';
import { CausewayError } from '@causeway/contract';

/**
 * AES-256-GCM (NIST SP 800-38D), as text:
 *
 *     base64url( nonce 12 bytes | ciphertext | tag 16 bytes )
 *
 * The nonce is random: a key seals far fewer than the 2^32 texts after which that would be unwise.
 */
const NONCE = 12;
const TAG = 16;
const CIPHER = 'aes-256-gcm';

/** @param place authenticated and not stored: what was sealed for one place opens in no other */
export function seal(key: KeyObject, place: string, plain: Uint8Array): string {
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG });
  cipher.setAAD(Buffer.from(place));
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]).toString('base64url');
}

/** @throws CausewayError `CW_SECRET_DAMAGED` where it was changed, moved or sealed by another key */
export function open(key: KeyObject, place: string, sealed: string): Buffer {
  const bytes = Buffer.from(sealed, 'base64url');
  try {
    if (bytes.length < NONCE + TAG) throw new Error('too short');
    const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE), { authTagLength: TAG });
    decipher.setAAD(Buffer.from(place));
    decipher.setAuthTag(bytes.subarray(-TAG));
    return Buffer.concat([decipher.update(bytes.subarray(NONCE, -TAG)), decipher.final()]);
  } catch (cause) {
    throw new CausewayError('CW_SECRET_DAMAGED', `${place}: it is not what was sealed here`, { cause });
  }
}
