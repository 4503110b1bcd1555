import { describe, expect, it } from 'vitest';
import { overrideConfig, parseConfig, publisherConfig, readConfig } from './config.ts';

const good = `data: /var/lib/causeway-publisher
pop: pop.example:443
allow:
  - 127.0.0.1:8080
  - "*.corp.example:80,443"
  - 10.0.0.0/8:22
map:
  wiki.corp.example: 10.0.0.7
  "intranet.corp.example:80": 127.0.0.1:18080
transport: websocket
operations: 127.0.0.1:9101
`;

describe('parseConfig', () => {
  it('reads everything', () => {
    expect(parseConfig(good, 'publisher.yaml')).toMatchObject({
      pop: 'pop.example:443',
      allow: ['127.0.0.1:8080', '*.corp.example:80,443', '10.0.0.0/8:22'],
      map: { 'wiki.corp.example': '10.0.0.7', 'intranet.corp.example:80': '127.0.0.1:18080' },
      transport: 'websocket',
    });
  });

  it('has a default for everything', () => {
    expect(parseConfig('', 'publisher.yaml')).toEqual({ allow: [], map: {}, transport: 'auto' });
  });

  it.each([
    ['allow:\n  - 10.0.0.1:80\n  - nonsense\n', 'publisher.yaml:3: allow.1: '],
    ['transport: tls\n\npop: nowhere\n', 'publisher.yaml:3: pop: host:port'],
    ['pop: a:1\nallowed: []\n', 'publisher.yaml:1: '],
    ['map:\n  a.example: 10.0.0.1\n  b.example: c.example\n', 'publisher.yaml:3: map.b.example: '],
    ['pop: a:1\npop: b:1\n', 'publisher.yaml:2: '],
    ['allow: [a:1\n', 'publisher.yaml:2: '],
  ])('names file and line: %j', (text, message) => {
    expect(() => parseConfig(text, 'publisher.yaml')).toThrow(
      expect.objectContaining({ code: 'CW_CONFIG_INVALID', message: expect.stringContaining(message) as string }),
    );
  });

  it('says so when the file does not exist', async () => {
    await expect(readConfig('/nonexistent/publisher.yaml')).rejects.toMatchObject({ code: 'CW_CONFIG_MISSING' });
  });
});

describe('overrideConfig', () => {
  it('adds to lists and replaces values', () => {
    const config = overrideConfig(parseConfig(good, 'x'), { allow: ['a.example:1'], transport: 'tls', map: {} });
    expect(config.allow).toContain('a.example:1');
    expect(config.allow).toContain('127.0.0.1:8080');
    expect(config.transport).toBe('tls');
    expect(Object.keys(config.map)).toHaveLength(2);
  });

  it('checks what the command line says', () => {
    expect(() => overrideConfig(publisherConfig.parse({}), { allow: ['nonsense'] })).toThrow(/command line/);
  });
});
