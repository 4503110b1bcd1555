import { expect, test } from 'vitest';
import { entityId, listenAddress, loginOrigin, popAddress, webOrigin } from './derive.ts';
import { configSchema, parseHostPort } from './schema.ts';

const input = {
  domains: { access: 'apps.example', identity: 'id.example', tunnel: 'tunnel.example' },
  identityProvider: { metadata: 'idp.xml' },
};

test('URLs carry the port that people see, and none where it is 443', () => {
  const near = configSchema.parse(input);
  expect(loginOrigin(near)).toBe('https://login.id.example:8443');
  expect(entityId(near)).toBe('https://login.id.example:8443/saml/metadata');
  const behind = configSchema.parse({ ...input, publicPort: 443 });
  expect(loginOrigin(behind)).toBe('https://login.id.example');
  expect(popAddress(behind)).toBe('enrol.tunnel.example:443');
  expect(listenAddress(behind)).toEqual({ host: '127.0.0.1', port: 8443 });
  expect(webOrigin('a.example', 444)).toBe('https://a.example:444');
});

test.each([
  ['127.0.0.1:1', { host: '127.0.0.1', port: 1 }],
  ['[::1]:8443', { host: '::1', port: 8443 }],
  ['pop.example:443', { host: 'pop.example', port: 443 }],
  ['::1:8443', null],
  ['[pop]:443', null],
  ['pop', null],
  ['pop:0', null],
  ['pop:65536', null],
  ['a b:1', null],
])('%s as host:port', (text, expected) => {
  expect(parseHostPort(text)).toEqual(expected);
});
