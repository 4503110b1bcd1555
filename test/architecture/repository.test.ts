import { expect, test } from 'vitest';
import { isGenerated, isTypeScript, readSource, repositoryFiles } from './source-files.ts';

const files = repositoryFiles();
const sources = files.filter((file) => isTypeScript(file) && !isGenerated(file));
const texts = files.filter((file) => !/\.(?:png|jpe?g|ico|wasm|woff2?|gz)$|^package-lock\.json$/.test(file));

const MAX_LINES = 400;

test(`no file is longer than ${MAX_LINES} lines: past that it is two ideas`, () => {
  const long = sources.map((file) => ({ file, lines: readSource(file).split('\n').length - 1 }));
  expect(long.filter(({ lines }) => lines > MAX_LINES)).toEqual([]);
});

test('names are kebab-case, components PascalCase, and no file is a drawer for odds and ends', () => {
  const wrong = sources.filter((file) => {
    const parts = file.split('/');
    const name = (parts.at(-1) ?? '').replace(/(?:\.(?:test|bench|config|d))?\.tsx?$/, '');
    const shape = file.endsWith('.tsx')
      ? /^(?:[A-Z][A-Za-z0-9]*|[a-z0-9]+(?:-[a-z0-9]+)*)$/
      : /^[a-z0-9]+(?:-[a-z0-9]+)*$/;
    return (
      !shape.test(name) || [...parts.slice(0, -1), name].some((part) => /^(?:utils?|common|helpers?|misc)$/.test(part))
    );
  });
  expect(wrong).toEqual([]);
});

// Written so that this file does not find itself.
const FOREIGN: readonly { what: string; pattern: RegExp }[] = [
  { what: 'a folder of one machine', pattern: /(?<![\w.}/])\/(?:wor[k]|far[m]|roo[t]|Use[r]s)\/[\w.-]+/ },
  { what: 'somebody’s home folder', pattern: /\/hom[e]\/[a-z][\w-]*\// },
];

test('nothing in the repository names a path of one machine', () => {
  const named = texts.flatMap((file) =>
    readSource(file)
      .split('\n')
      .flatMap((line, index) =>
        FOREIGN.filter(({ pattern }) => pattern.test(line)).map(
          ({ what }) => `${file}:${index + 1} ${what}: ${line.trim()}`,
        ),
      ),
  );
  expect(named).toEqual([]);
});

test('no escape from the type checker, no focused or pending test, no unfinished work', () => {
  const escapes: readonly RegExp[] = [
    /@ts-(?:ignore|nocheck)/,
    /(?:^|[^\w'"`])as an[y]\b/,
    /:\s*an[y]\b(?!['`])/,
    /\b(?:it|test|describe)\.(?:only|todo|fails)\(/,
    /\b(?:TOD[O]|FIXM[E]|XX[X]|HAC[K])\b/,
  ];
  const found = sources.flatMap((file) =>
    readSource(file)
      .split('\n')
      .flatMap((line, index) =>
        escapes.some((e) => e.test(codeOf(line))) ? [`${file}:${index + 1} ${line.trim()}`] : [],
      ),
  );
  expect(found).toEqual([]);
});

/** The line without what stands in string literals; regular expressions that look for the words are not the words. */
function codeOf(line: string): string {
  return /^\s*\/(?!\/).*\/[dgimsuy]*,$/.test(line) ? '' : line.replaceAll(/'(?:[^'\\]|\\.)*'/g, "''");
}
