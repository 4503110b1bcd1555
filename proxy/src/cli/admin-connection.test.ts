import { describe, expect, it } from 'vitest';
import { adminOrigin, connectAdmin } from './admin-connection.ts';

describe('adminOrigin', () => {
  it.each([
    ['https://admin.id.example', 'https://admin.id.example'],
    ['https://admin.id.example/', 'https://admin.id.example'],
    ['https://admin.id.example:8443', 'https://admin.id.example:8443'],
  ])('takes %s', (text, origin) => {
    expect(adminOrigin(text)).toBe(origin);
  });

  it.each([
    'admin.id.example',
    'http://admin.id.example',
    'https://u:p@admin.example',
    'https://a.example/api/v1',
    'https://a.example/?x',
    'https://a.example/#x',
  ])('refuses %s: a token would go astray', (text) => {
    expect(() => adminOrigin(text)).toThrow(expect.objectContaining({ code: 'CW_USAGE' }));
  });
});

describe('connectAdmin', () => {
  const url = 'https://admin.id.example';
  it.each([
    ['a URL without a token', { url }, {}, 'CW_USAGE'],
    ['a URL of the environment without a token', {}, { CAUSEWAY_URL: url }, 'CW_USAGE'],
    ['a CA without a URL', { ca: 'ca.pem' }, { CAUSEWAY_TOKEN: 'x' }, 'CW_USAGE'],
    ['a CA that is not there', { url, ca: '/nowhere/ca.pem' }, { CAUSEWAY_TOKEN: 'x' }, 'CW_CONFIG_MISSING'],
    ['a data folder where no PoP runs', { data: '/nowhere' }, {}, 'CW_RPC_CLOSED'],
  ])('refuses %s', async (_what, values, environment, code) => {
    await expect(connectAdmin(values, environment)).rejects.toMatchObject({ code });
  });
});
