import { createHash, randomBytes } from 'node:crypto';

/** 32 random bytes, base64url: a cookie's or ticket's secret. */
export function newToken(): string {
  return randomBytes(32).toString('base64url');
}

/** What is stored instead of a token: SHA-256, base64url. The token has 256 bits of entropy, so no salt is needed. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

export function newSessionId(): string {
  return `s_${randomBytes(16).toString('base64url')}`;
}

/** Whether a text from outside can be a token at all. */
export function isToken(text: string): boolean {
  return /^[\w-]{43}$/.test(text);
}
