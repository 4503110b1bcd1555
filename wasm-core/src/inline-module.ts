/** What is used of the global, which neither `lib.es` nor the types of Node declare. */
interface WebAssemblyGlobal {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
}
const { WebAssembly: wasm } = globalThis as unknown as { readonly WebAssembly: WebAssemblyGlobal };

/** Compiles a module that a source file carries as base64. */
export function compileModule(base64: string): object {
  return new wasm.Module(bytesOf(base64));
}

/** The exports of a fresh instance. What they are, the build's freshness test ties to the sources. */
export function instantiate(module: object): unknown {
  return new wasm.Instance(module).exports;
}

/** By the engine where it can (ECMAScript 2026), which takes 0.03 ms for 26 KB where `atob` and a loop take 1 ms. */
function bytesOf(base64: string): Uint8Array {
  const { fromBase64 } = Uint8Array as { fromBase64?: (text: string) => Uint8Array };
  if (fromBase64 !== undefined) return fromBase64.call(Uint8Array, base64);
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
