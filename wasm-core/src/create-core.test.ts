import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, test } from 'vitest';
import { createCore } from './create-core.ts';

const entry = fileURLToPath(new URL('create-core.ts', import.meta.url));

/** What a Node of its own, started with these flags, prints for an expression over `createCore`. */
function elsewhere(flags: readonly string[], expression: string): string {
  const program = `import { createCore } from ${JSON.stringify(entry)};
    const simd = Uint8Array.of(0,97,115,109,1,0,0,0,1,5,1,96,0,1,123,3,2,1,0,10,10,1,8,0,65,0,253,15,253,98,11);
    const codeOf = (run) => { try { return run(); } catch (error) { return error.code; } };
    console.log(String(await (${expression})));`;
  return execFileSync(process.execPath, [...flags, '--input-type=module', '-e', program], { encoding: 'utf8' }).trim();
}

describe('createCore', () => {
  it('takes WebAssembly where it runs', () => {
    expect(createCore().engine).toBe('wasm');
    expect(createCore({ engine: 'auto' })).toBe(createCore({ engine: 'wasm' }));
  });

  it('refuses an engine that does not exist', () => {
    const options = { engine: 'native' } as unknown as { engine: 'wasm' };
    expect(() => createCore(options)).toThrow(expect.objectContaining({ code: 'CW_CORE_ARGUMENT' }));
  });

  // V8 has no SIMD for WebAssembly without SSE4.1. What happens without any WebAssembly is seen in the packed package.
  test.skipIf(process.arch !== 'x64')(
    'takes plain TypeScript without SIMD, scanners too, and says where it may not',
    () => {
      const flag = '--no-enable-sse4-1';
      expect(elsewhere([flag], 'WebAssembly.validate(simd)')).toBe('false');
      expect(elsewhere([], 'WebAssembly.validate(simd)')).toBe('true');
      const expression = `(async () => {
      const core = createCore();
      const scan = await core.scan();
      const found = [];
      scan.digitRuns().each(new TextEncoder().encode('4111 1111 1111 1111.'), (...hit) => found.push(hit.join()));
      const codes = [core.engine, createCore({ engine: 'typescript' }) === core, codeOf(() => createCore({ engine: 'wasm' }))];
      return [...codes, core.lpm([{ prefix: '10.0.0.0/8', value: 5 }]).lookup('10.1.1.1'), ...found].join(' ');
    })()`;
      expect(elsewhere([flag], expression)).toBe('typescript true CW_CORE_ENGINE 5 16,0,19');
    },
  );
});
