import { describe, expect, it } from 'vitest';
import { createCore } from './create-core.ts';

describe.each(['wasm', 'plain'] as const)('createCore on %s', (engine) => {
  const core = createCore({ engine });

  it('makes everything, with the same answers', () => {
    expect(core.engine).toBe(engine);
    const policy = core.policy({
      apps: [{ name: 'a', tags: [] }],
      rules: [{ users: ['b'] }, { destinations: ['*.x'] }],
    });
    const session = policy.open({ user: 'c', groups: [], method: 'agent' });
    expect(policy.decide(session, 0, 'tcp', 1, { destination: 'h.x' })).toBe(1);
    expect(policy.reason(1).conditions).toEqual(['destinations']);
    policy.close(session);
    expect(core.lpm([{ prefix: '10.0.0.0/8', value: 5 }]).lookup('10.1.1.1')).toBe(5);
    expect(core.stubs().allocate('wiki.example', 1).address).toMatch(/^100\./);
    expect(core.frames().input.length).toBeGreaterThan(0);
  });
});

it('takes WebAssembly where it runs', () => {
  expect(createCore().engine).toBe('wasm');
});
