import { privateApp } from '@causeway/contract';
import { expect, test } from 'vitest';
import { rewriteLocation, rewriteRefresh } from './location.ts';

const app = privateApp.parse({
  name: 'crm',
  hosts: ['crm.corp.example'],
  ports: ['tcp/8080'],
  publishers: ['hq'],
  clientless: { urls: ['crm.access.example'], upstream: { host: 'crm.corp.example', port: 8080 } },
});
const PUBLIC = 'crm.access.example:8443';

test.each([
  ['/next', '/next'],
  ['next?x', 'next?x'],
  ['http://crm.corp.example:8080/a/../b?c#d', 'https://crm.access.example:8443/a/../b?c#d'],
  ['HTTP://CRM.corp.example:8080', 'https://crm.access.example:8443'],
  ['//crm.corp.example:8080/a', 'https://crm.access.example:8443/a'],
  ['http://crm.access.example:8443/a', 'https://crm.access.example:8443/a'],
  ['http://crm.corp.example/a', 'http://crm.corp.example/a'],
  ['https://crm.corp.example:8080/a', 'https://crm.corp.example:8080/a'],
  ['https://elsewhere.example/', 'https://elsewhere.example/'],
  ['http://crm.corp.example:8080@evil.example/', 'http://crm.corp.example:8080@evil.example/'],
])('%s becomes %s', (location, expected) => {
  expect(rewriteLocation(location, app, PUBLIC)).toBe(expected);
});

test('Refresh is followed like Location', () => {
  expect(rewriteRefresh('5; url=http://crm.corp.example:8080/a', app, PUBLIC)).toBe(
    '5; url=https://crm.access.example:8443/a',
  );
  expect(rewriteRefresh('5', app, PUBLIC)).toBe('5');
});
