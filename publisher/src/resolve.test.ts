import { describe, expect, it } from 'vitest';
import { Resolver } from './resolve.ts';
import { TargetMap } from './target-map.ts';

const nothing = (): Promise<readonly string[]> => Promise.reject(new Error('ENOTFOUND'));

describe('Resolver', () => {
  it('prefers the map, passes literals, and sends *.localhost to loopback without asking anybody', async () => {
    const resolver = new Resolver({ map: new TargetMap({ 'a.example': '10.0.0.1' }), lookup: nothing });
    expect(await resolver.resolve('a.example', 80)).toEqual([{ address: '10.0.0.1', port: 80 }]);
    expect(await resolver.resolve('10.9.9.9', 80)).toEqual([{ address: '10.9.9.9', port: 80 }]);
    expect(await resolver.resolve('fd00::1', 80)).toEqual([{ address: 'fd00::1', port: 80 }]);
    expect(await resolver.resolve('x.y.localhost', 80)).toEqual([
      { address: '127.0.0.1', port: 80 },
      { address: '::1', port: 80 },
    ]);
  });

  it('fails with a code when the name does not exist, or has no address', async () => {
    await expect(
      new Resolver({ map: new TargetMap({}), lookup: nothing }).resolve('gone.example', 80),
    ).rejects.toMatchObject({
      code: 'CW_DNS_FAILED',
    });
    const empty = new Resolver({ map: new TargetMap({}), lookup: () => Promise.resolve([]) });
    await expect(empty.resolve('empty.example', 80)).rejects.toMatchObject({ code: 'CW_DNS_FAILED' });
  });

  it('does not wait for a resolver that hangs', async () => {
    const resolver = new Resolver({
      map: new TargetMap({}),
      lookup: () => new Promise(() => undefined),
      timeoutMs: 20,
    });
    await expect(resolver.resolve('slow.example', 80)).rejects.toMatchObject({ code: 'CW_DNS_FAILED' });
  });

  it('asks once for a name that many want, and bounds how many names are asked for at once', async () => {
    let asked = 0;
    const answer = Promise.withResolvers<readonly string[]>();
    const resolver = new Resolver({
      map: new TargetMap({}),
      concurrent: 1,
      lookup: () => {
        asked++;
        return answer.promise;
      },
    });
    const both = Promise.all([resolver.resolve('a.example', 80), resolver.resolve('a.example', 80)]);
    await expect(resolver.resolve('b.example', 80)).rejects.toMatchObject({ code: 'CW_BUSY' });
    answer.resolve(['10.0.0.1']);
    expect(await both).toEqual([[{ address: '10.0.0.1', port: 80 }], [{ address: '10.0.0.1', port: 80 }]]);
    expect(asked).toBe(1);
    expect(await resolver.resolve('b.example', 80)).toEqual([{ address: '10.0.0.1', port: 80 }]);
  });
});
