import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/**
 * Where a stranger wanted to go, sealed by an edge and opened by control: nothing is stored for people who never log
 * in, and no URL carries a return address that could be forged or read.
 *
 *     nonce (12) | AES-256-GCM(JSON) | tag (16), base64url
 */
export interface LoginIntent {
  readonly host: string;
  /** Path and query, beginning with one slash. */
  readonly path: string;
  /** SHA-256 of the nonce cookie that the edge set on the app host, base64url. */
  readonly nonceHash: string;
  readonly at: number;
  /** The person must prove who they are again, whatever session there is. */
  readonly proof?: true;
}

const LIFE_MS = 10 * 60_000;

export function sealIntent(key: Buffer, intent: LoginIntent): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  const sealed = Buffer.concat([cipher.update(JSON.stringify(intent), 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, sealed, cipher.getAuthTag()]).toString('base64url');
}

/** @returns `null` for what was not sealed with this key, or longer ago than ten minutes */
export function openIntent(key: Buffer, text: string, now: number): LoginIntent | null {
  if (text.length > 8_192 || !/^[\w-]+$/.test(text)) return null;
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.length < 29) return null;
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12));
    decipher.setAuthTag(bytes.subarray(-16));
    const json = Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]).toString('utf8');
    const intent = JSON.parse(json) as LoginIntent;
    return now - intent.at > LIFE_MS || intent.at - now > 60_000 ? null : intent;
  } catch {
    return null;
  }
}
