import { describe, expect, it } from 'vitest';
import { clearLoginCookie, loginCookie, PRE_LOGIN_COOKIES, preLoginCookie, readCookie } from './cookies.ts';

describe('readCookie', () => {
  it('finds the one cookie of that name', () => {
    expect(readCookie('a=1; __Host-cw-login=tok; b=2', '__Host-cw-login')).toBe('tok');
    expect(readCookie('__Host-cw-login=a=b', '__Host-cw-login')).toBe('a=b');
  });

  it('finds none where there is none, two, or only a similar one', () => {
    expect(readCookie(undefined, 'a')).toBeNull();
    expect(readCookie('', 'a')).toBeNull();
    expect(readCookie('a=1; a=2', 'a')).toBeNull();
    expect(readCookie('x__Host-cw-login=1; __Host-cw-logi=2; =3; __Host-cw-login', '__Host-cw-login')).toBeNull();
  });
});

describe('our cookies', () => {
  it('are bound to the host, to TLS and out of reach of scripts', () => {
    for (const cookie of [loginCookie('t', 0), preLoginCookie(PRE_LOGIN_COOKIES[0], 'p'), clearLoginCookie()]) {
      expect(cookie).toMatch(/^__Host-/);
      expect(cookie).toContain('; Path=/;');
      expect(cookie).toContain('; Secure; HttpOnly; SameSite=');
      expect(cookie).not.toContain('Domain');
    }
    expect(loginCookie('t', 0)).toContain('SameSite=Lax');
    expect(loginCookie('t', 0)).toContain('Expires=Thu, 01 Jan 1970 00:00:00 GMT');
  });
});
