import { afterEach, expect, test } from 'vitest';
import { CORE_WASM_BASE64 } from './core-wasm.gen.ts';
import { compileModule, instantiate } from './inline-module.ts';

const decoder = Object.getOwnPropertyDescriptor(Uint8Array, 'fromBase64');
afterEach(() => {
  if (decoder !== undefined) Object.defineProperty(Uint8Array, 'fromBase64', decoder);
});

test.each(['with', 'without'])('compiles %s a decoder of the engine', (what) => {
  if (what === 'without') Reflect.deleteProperty(Uint8Array, 'fromBase64');
  expect('fromBase64' in Uint8Array).toBe(what === 'with');
  expect(instantiate(compileModule(CORE_WASM_BASE64))).toHaveProperty('checksum');
});
