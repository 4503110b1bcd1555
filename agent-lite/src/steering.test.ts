import { describe, expect, it } from 'vitest';
import { Steering } from './steering.ts';

const steering = new Steering();
steering.put('alice', [
  { name: 'wild', targets: [{ host: '*.corp.example', ports: ['tcp/80', 'tcp/443'] }] },
  { name: 'longer', targets: [{ host: '*.dev.corp.example', ports: ['tcp/443'] }] },
  { name: 'wiki', targets: [{ host: 'wiki.corp.example', ports: ['tcp/80', 'udp/53'] }] },
  { name: 'net', targets: [{ host: '10.0.0.0/8', ports: ['tcp/1-65535'] }] },
  { name: 'host', targets: [{ host: '10.1.2.3', ports: ['tcp/22'] }] },
  { name: 'six', targets: [{ host: 'fd00::/8', ports: ['tcp/22'] }] },
]);

describe('Steering', () => {
  it.each([
    ['wiki.corp.example', 80, 'wiki'],
    ['WIKI.corp.example.', 80, 'wiki'],
    // the exact name does not name the port, the wildcard does
    ['wiki.corp.example', 443, 'wild'],
    ['wiki.corp.example', 53, null],
    ['a.dev.corp.example', 443, 'longer'],
    ['a.dev.corp.example', 80, 'wild'],
    ['corp.example', 80, null],
    ['evilcorp.example', 80, null],
    ['10.1.2.3', 22, 'host'],
    ['10.1.2.3', 23, 'net'],
    ['::ffff:10.1.2.3', 22, 'host'],
    ['11.0.0.1', 22, null],
    ['fd12::1', 22, 'six'],
    ['2130706433', 80, null],
    ['bad host', 80, null],
  ])('%s:%i → %s', (host, port, app) => {
    expect(steering.steer(host, port).app).toBe(app);
  });

  it('says why', () => {
    expect(steering.steer('wiki.corp.example', 22).why).toContain('not port 22');
    expect(steering.steer('example.org', 80).why).toContain('no private app');
    expect(steering.steer('WIKI.corp.example.', 80).host).toBe('wiki.corp.example');
  });

  it('forgets what a new list does not name', () => {
    const other = new Steering();
    other.put('bob', [{ name: 'a', targets: [{ host: 'a.example', ports: ['tcp/80'] }] }]);
    other.put('bob', []);
    expect(other.steer('a.example', 80).app).toBeNull();
    expect(other.apps).toEqual([]);
  });
});
