import { privateApp, type PrivateApp } from '@causeway/contract';
import { describe, expect, test } from 'vitest';
import { AppIndex } from './app-index.ts';
import { atOnce } from './steps.ts';

function app(name: string, hosts: string[], ports: string[]): PrivateApp {
  return privateApp.parse({ name, hosts, ports, publishers: ['hq'] });
}

function find(apps: readonly PrivateApp[]): (host: string, port: number) => string | null {
  const index = atOnce(AppIndex.building(apps));
  return (host, port) => apps[index.byTarget(host, port)]?.name ?? null;
}

describe('an address', () => {
  test('belongs to the smallest range around it that has the port', () => {
    const at = find([
      app('everything', ['0.0.0.0/0'], ['tcp/1-65535']),
      app('ssh', ['10.0.0.0/8'], ['tcp/22']),
      app('web', ['10.0.0.5'], ['tcp/443']),
      app('site', ['10.0.0.0-10.0.0.9'], ['tcp/22', 'tcp/8080']),
    ]);
    expect(at('10.0.0.5', 443)).toBe('web');
    expect(at('10.0.0.5', 8080)).toBe('site');
    expect(at('10.0.0.5', 22)).toBe('site');
    expect(at('10.0.0.10', 22)).toBe('ssh');
    expect(at('10.0.0.5', 25)).toBe('everything');
    expect(at('::ffff:10.0.0.5', 443)).toBe('web');
    expect(at('2001:db8::1', 443)).toBeNull();
  });

  test('is compared by the size of the range, not by the prefixes that the range falls into', () => {
    const at = find([
      app('wide', ['10.0.0.0-10.0.0.128'], ['tcp/22']), // ends in 10.0.0.128/32
      app('narrow', ['10.0.0.128-10.0.0.191'], ['tcp/22']), // is 10.0.0.128/26
    ]);
    expect(at('10.0.0.128', 22)).toBe('narrow');
    expect(at('10.0.0.127', 22)).toBe('wide');
  });

  test('of IPv4 is never meant by a range of IPv6', () => {
    const at = find([
      app('six', ['::/0', '::fffe:ffff:ffff-::1:0:0:0'], ['tcp/1-65535']),
      app('four', ['10.0.0.0/8'], ['tcp/22']),
    ]);
    expect(at('10.0.0.1', 22)).toBe('four');
    expect(at('10.0.0.1', 23)).toBeNull();
    expect(at('192.168.0.1', 22)).toBeNull();
    expect(at('2001:db8::1', 22)).toBe('six');
  });

  test('finds siblings apart, and the first of two apps of one range', () => {
    const at = find([
      app('a', ['10.1.0.0/16'], ['tcp/22']),
      app('b', ['10.2.0.0/16'], ['tcp/22']),
      app('c', ['10.2.0.0/16'], ['tcp/22-23']),
    ]);
    expect([at('10.1.0.1', 22), at('10.2.0.1', 22), at('10.2.0.1', 23), at('10.3.0.1', 22)]).toEqual([
      'a',
      'b',
      'c',
      null,
    ]);
  });
});

test('a name belongs to the exact app, then to the longest wildcard, that has the port', () => {
  const at = find([
    app('all', ['*.corp.example'], ['tcp/1-65535']),
    app('lab', ['*.lab.corp.example'], ['tcp/22']),
    app('wiki', ['wiki.lab.corp.example'], ['tcp/443']),
  ]);
  expect(at('wiki.lab.corp.example', 443)).toBe('wiki');
  expect(at('wiki.lab.corp.example', 22)).toBe('lab');
  expect(at('wiki.lab.corp.example', 80)).toBe('all');
  expect(at('corp.example', 80)).toBeNull();
});
