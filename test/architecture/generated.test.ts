import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { isGenerated, readSource, repositoryFiles, ROOT } from './source-files.ts';

/** What is committed and made by a program: each program can compare instead of writing. */
const GENERATORS: readonly { what: string; file: string }[] = [
  { what: 'the WASM core and its base64', file: 'wasm-core/build.ts' },
  { what: 'the JSON Schema of causeway.yaml', file: 'proxy/src/config/write-json-schema.ts' },
  { what: 'docs/errors.md', file: 'scripts/write-error-docs.ts' },
  { what: 'docs/openapi.json', file: 'proxy/src/control/admin/write-openapi.ts' },
];

// The compiler takes 5 s, and several times that beside other tests.
test.each(GENERATORS)('$what is what $file makes of the sources', { timeout: 120_000 }, ({ file }) => {
  const run = (): Buffer => execFileSync(process.execPath, [ROOT + file, '--check'], { cwd: ROOT, stdio: 'pipe' });
  expect(run).not.toThrow();
});

test('every generated source says what made it', () => {
  const silent = repositoryFiles().filter(
    (file) => isGenerated(file) && !/^\/[/*].*[Gg]enerated by \S+/.test(readSource(file).slice(0, 400)),
  );
  expect(silent).toEqual([]);
});
