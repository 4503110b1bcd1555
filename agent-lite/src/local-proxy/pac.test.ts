import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { Steering } from '../steering.ts';
import { pacFile } from './pac.ts';

const steering = new Steering();
steering.put('alice', [
  {
    name: 'app',
    targets: [
      { host: 'intranet.corp.example', ports: ['tcp/80', 'tcp/8000-8010'] },
      { host: '*.dev.example', ports: ['tcp/443'] },
      { host: '10.0.0.0/8', ports: ['tcp/80'] },
      { host: 'fd00::/8', ports: ['tcp/80'] },
    ],
  },
]);

const find = runInNewContext(`${pacFile(steering.entries, 8118)}; FindProxyForURL`) as (u: string, h: string) => string;

describe('pacFile', () => {
  it.each([
    ['http://intranet.corp.example/', 'intranet.corp.example', true],
    ['http://INTRANET.corp.example./', 'INTRANET.corp.example.', true],
    ['http://intranet.corp.example:8005/x:9', 'intranet.corp.example', true],
    ['http://user:pass@intranet.corp.example:8005/', 'intranet.corp.example', true],
    ['https://intranet.corp.example/', 'intranet.corp.example', false],
    ['http://intranet.corp.example:81/', 'intranet.corp.example', false],
    ['https://a.b.dev.example/', 'a.b.dev.example', true],
    ['wss://a.dev.example/', 'a.dev.example', true],
    ['https://dev.example/', 'dev.example', false],
    ['https://evildev.example/', 'evildev.example', false],
    ['http://10.1.2.3/', '10.1.2.3', true],
    ['http://11.1.2.3/', '11.1.2.3', false],
    ['http://www.example.org/', 'www.example.org', false],
  ])('%s', (url, host, steered) => {
    expect(find(url, host)).toBe(steered ? 'PROXY 127.0.0.1:8118' : 'DIRECT');
  });
});
