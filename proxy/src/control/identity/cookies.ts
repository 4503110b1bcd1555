import { LIMITS } from '@causeway/contract';

/**
 * The cookies of the login host. `__Host-` binds them to exactly this host over TLS (RFC 6265bis §4.1.3.2), so neither
 * an app below the access domain nor anybody on the way can set one.
 */
export const LOGIN_COOKIE = '__Host-cw-login';
/** Each binds a login under way to the browser that began it; the identity provider's answer is a cross-site POST. */
export const PRE_LOGIN_COOKIES = ['__Host-cw-pre-0', '__Host-cw-pre-1', '__Host-cw-pre-2', '__Host-cw-pre-3'] as const;

/** The value of a cookie; `null` when there is none, or more than one (cookie tossing). */
export function readCookie(header: string | undefined, name: string): string | null {
  if (header === undefined) return null;
  const found: string[] = [];
  for (const part of header.split(';')) {
    const equals = part.indexOf('=');
    if (equals > 0 && part.slice(0, equals).trim() === name) found.push(part.slice(equals + 1).trim());
  }
  return found.length === 1 ? (found[0] ?? null) : null;
}

export function loginCookie(token: string, expiresAt: number): string {
  return `${LOGIN_COOKIE}=${token}; Path=/; Expires=${new Date(expiresAt).toUTCString()}; Secure; HttpOnly; SameSite=Lax`;
}

export function clearLoginCookie(): string {
  return `${LOGIN_COOKIE}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax`;
}

export function preLoginCookie(name: string, value: string): string {
  return `${name}=${value}; Path=/; Max-Age=${LIMITS.preLoginMs / 1000}; Secure; HttpOnly; SameSite=None`;
}

export function clearPreLoginCookie(name: string): string {
  return `${name}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=None`;
}
