import { describe, expect, it } from 'vitest';
import { TargetMap } from './target-map.ts';

describe('TargetMap', () => {
  const map = new TargetMap({
    'A.example': '10.0.0.1',
    'a.example:80': '127.0.0.1:18080',
    'six.example': '::1',
    'six.example:443': '[fd00::1]:8443',
  });

  it.each([
    ['a.example', 80, { address: '127.0.0.1', port: 18_080 }],
    ['a.example', 443, { address: '10.0.0.1', port: 443 }],
    ['six.example', 80, { address: '::1', port: 80 }],
    ['six.example', 443, { address: 'fd00::1', port: 8_443 }],
    ['b.example', 80, null],
  ])('%s:%i', (host, port, target) => {
    expect(map.find(host, port)).toEqual(target);
  });

  it.each([
    ['a.example', 'b.example'],
    ['a.example:80', '10.0.0.1'],
    ['a.example', '10.0.0.1:80'],
    ['a.example:0', '10.0.0.1:80'],
    ['10.0.0.1', '10.0.0.2'],
    ['', '10.0.0.1'],
  ])('refuses %s → %s', (from, to) => {
    expect(() => new TargetMap({ [from]: to })).toThrow(/write NAME/);
  });
});
