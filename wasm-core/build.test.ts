import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { compileCore, isFresh } from './build.ts';

// The compiler takes 5 s, and several times that beside other tests.
it('the committed module is what the sources give, byte for byte, twice', { timeout: 120_000 }, async () => {
  const output = await compileCore();
  expect((await compileCore()).source).toBe(output.source);
  expect(await isFresh(output)).toBe(true);
  expect(await isFresh({ ...output, wasm: output.wasm.slice(1) })).toBe(false);
  expect(await isFresh({ ...output, source: `${output.source} ` })).toBe(false);
  const scan = { ...output.scan, wasm: output.scan.wasm.slice(1) };
  expect(await isFresh({ ...output, scan })).toBe(false);
});

it('the command says so too', { timeout: 120_000 }, async () => {
  const script = fileURLToPath(new URL('build.ts', import.meta.url));
  expect(await promisify(execFile)(process.execPath, [script, '--check'])).toEqual({ stdout: '', stderr: '' });
});
