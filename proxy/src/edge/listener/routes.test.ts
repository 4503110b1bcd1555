import { expect, test } from 'vitest';
import { chooseRoute } from './routes.ts';

const zones = {
  worker: 1,
  workers: 3,
  accessDomain: 'causeway.localhost',
  identityDomain: 'causeway-id.localhost',
  tunnelDomain: 'tunnel.causeway-pop.localhost',
};
const TUNNEL = ['causeway/1'];
const WEB = ['h2', 'http/1.1'];

test.each([
  ['intranet.causeway.localhost', WEB, { t: 'web' }],
  ['intranet.causeway.localhost', TUNNEL, { t: 'web' }],
  [null, WEB, { t: 'web' }],
  ['evil.example', WEB, { t: 'web' }],
  ['login.causeway-id.localhost', WEB, { t: 'control' }],
  ['causeway-id.localhost', WEB, { t: 'control' }],
  ['xcauseway-id.localhost', WEB, { t: 'web' }],
  ['w1.tunnel.causeway-pop.localhost', TUNNEL, { t: 'tunnel' }],
  ['w1.tunnel.causeway-pop.localhost', WEB, { t: 'tunnel-websocket' }],
  ['w1.tunnel.causeway-pop.localhost', [], { t: 'tunnel-websocket' }],
  ['w2.tunnel.causeway-pop.localhost', TUNNEL, { t: 'sibling', worker: 2 }],
  ['w0.tunnel.causeway-pop.localhost', WEB, { t: 'sibling', worker: 0 }],
  ['agent.tunnel.causeway-pop.localhost', TUNNEL, { t: 'tunnel' }],
  ['enrol.tunnel.causeway-pop.localhost', TUNNEL, { t: 'tunnel' }],
  ['enrol.tunnel.causeway-pop.localhost', WEB, { t: 'tunnel-websocket' }],
])('%s with %j goes to %j', (serverName, alpn, route) => {
  expect(chooseRoute({ serverName, alpn }, zones)).toEqual(route);
});

test.each(['w3.tunnel.causeway-pop.localhost', 'other.tunnel.causeway-pop.localhost'])(
  '%s is refused',
  (serverName) => {
    expect(chooseRoute({ serverName, alpn: TUNNEL }, zones).t).toBe('refuse');
  },
);
