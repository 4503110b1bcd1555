import { expect, test } from 'vitest';
import { filterSetCookie } from './set-cookie.ts';

const zone = {
  host: 'a.crm.access.example',
  urls: ['crm.access.example', 'a.crm.access.example'],
  accessDomain: 'access.example',
};

test.each([
  ['app=1', 'app=1'],
  ['app=1; Path=/; HttpOnly', 'app=1; Path=/; HttpOnly'],
  ['app=1; Domain=crm.access.example', 'app=1; Domain=crm.access.example'],
  ['app=1; domain=.CRM.access.example; Secure', 'app=1; domain=.CRM.access.example; Secure'],
  ['app=1; Domain=access.example', null],
  ['app=1; Domain=other.access.example', null],
  ['app=1; Domain=example', null],
  ['app=1; Domain=crm.corp.example; Path=/', 'app=1; Path=/'],
  ['__Host-cw=1', null],
  ['__host-CW=1; Secure', null],
  [' __Host-cw-nonce =1', null],
  ['__Host-cw', null],
  ['=__Host-cw=1', null],
  ['__Host-cwx=1', '__Host-cwx=1'],
  ['__Host-app=1; Secure; Path=/', '__Host-app=1; Secure; Path=/'],
])('%s becomes %s', (value, expected) => {
  expect(filterSetCookie(value, zone)).toBe(expected);
});
