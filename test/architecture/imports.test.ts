import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { IMPORT_RULES, OUTSIDE_THE_RULES, type ImportRule } from './import-rules.ts';
import {
  importsOf,
  isGenerated,
  isTest,
  isTypeScript,
  readSource,
  repositoryFiles,
  ROOT,
  type Import,
} from './source-files.ts';

const files = repositoryFiles().filter((file) => isTypeScript(file) && !isGenerated(file));
const imports = files.flatMap((file) => importsOf(file));

function offences(rule: ImportRule, all: readonly Import[]): string[] {
  return all
    .filter((one) => rule.from.test(one.file) && !(rule.typesFree === true && one.typeOnly))
    .filter((one) => rule.from.source.startsWith('^test') || !OUTSIDE_THE_RULES.test(one.file))
    .filter((one) => {
      const what = one.target === null ? one.specifier : `/${one.target}`;
      const allowed = rule.allow?.some((pattern) => pattern.test(what)) ?? true;
      return !allowed || (rule.refuse?.some((pattern) => pattern.test(what)) ?? false);
    })
    .map((one) => `${one.file}:${one.line} imports ${one.specifier}`);
}

describe('import rules', () => {
  test.each(IMPORT_RULES)('$name, because $because', (rule) => {
    expect(offences(rule, imports)).toEqual([]);
  });

  test('the rules see what they forbid', () => {
    const sample = (file: string, source: string): Import[] => importsOf(file, source);
    const broken = [
      ...sample('wasm-core/src/a.ts', "import { x } from 'zod';"),
      ...sample('contract/src/a.ts', "import fs from 'node:fs';"),
      ...sample('proxy/src/edge/a.ts', "import {\n  y,\n} from '../control/store/store.ts';"),
      ...sample('proxy/src/control/a.ts', "export * from '../edge/main.ts';"),
      ...sample('publisher/src/a.ts', ['const m = await import', "('../../proxy/src/rpc/channel.ts');"].join('')),
      ...sample('web/src/a.tsx', "import { ERRORS } from '@causeway/contract';"),
    ];
    const caught = IMPORT_RULES.flatMap((rule) => offences(rule, broken));
    for (const one of broken) expect(caught).toContain(`${one.file}:${one.line} imports ${one.specifier}`);
    expect(offences(IMPORT_RULES[0] as ImportRule, sample('wasm-core/src/a.ts', "// import 'zod';\n"))).toEqual([]);
    const types = sample('web/src/a.tsx', "import type { Principal } from '@causeway/contract';");
    expect(IMPORT_RULES.flatMap((rule) => offences(rule, types))).toEqual([]);
  });
});

test('a workspace is imported by its name, and a file by its whole name', () => {
  const wrong = imports.filter(({ file, target }) => {
    if (target === null) return false;
    const crosses =
      file.split('/')[0] !== target.split('/')[0] && !/^(?:test|scripts)$/.test(target.split('/')[0] ?? '');
    return (
      crosses || (/\.[jt]sx?$/.test(target) ? !existsSync(ROOT + target) : !existsSync(ROOT + target.split('?')[0]))
    );
  });
  expect(wrong.map(({ file, line, specifier }) => `${file}:${line} imports ${specifier}`)).toEqual([]);
});

test('every package that is imported is declared by the workspace that imports it', () => {
  const undeclared = imports.filter(({ file, specifier, target }) => {
    if (target !== null || specifier.startsWith('node:')) return false;
    const [first = '', second = ''] = specifier.split('/');
    const name = first.startsWith('@') ? `${first}/${second}` : first;
    const workspace = file.split('/')[0] ?? '';
    // The root's development tools, and what a workspace's own build and tests use, may stand in devDependencies.
    const fromTools = isTest(file) || workspace === 'test' || workspace === 'scripts' || !file.includes('/src/');
    const declared = new Set([...dependencies(workspace, fromTools), ...(fromTools ? dependencies('', true) : [])]);
    if (workspace === 'test' || fromTools) for (const own of WORKSPACES) declared.add(own);
    return !declared.has(name) && !declared.has(`@types/${name}`) && name !== 'vitest';
  });
  expect(undeclared.map(({ file, line, specifier }) => `${file}:${line} imports ${specifier}`)).toEqual([]);
});

test('no file imports itself round a circle', () => {
  const graph = new Map<string, string[]>();
  for (const { file, target } of imports) {
    if (target !== null && isTypeScript(target)) graph.set(file, [...(graph.get(file) ?? []), target]);
  }
  expect(circles(graph)).toEqual([]);
  expect(
    circles(
      new Map([
        ['a', ['b']],
        ['b', ['c']],
        ['c', ['a', 'd']],
      ]),
    ),
  ).toEqual([['a', 'b', 'c', 'a']]);
});

const WORKSPACES = ['wasm-core', 'contract', 'tunnel', 'proxy', 'publisher', 'agent-lite', 'web'].map(
  (name) => `@causeway/${name}`,
);

function dependencies(workspace: string, development: boolean): string[] {
  const file = workspace === '' ? 'package.json' : `${workspace}/package.json`;
  if (!existsSync(ROOT + file)) return [];
  const manifest = JSON.parse(readSource(file)) as Record<string, Record<string, string> | undefined>;
  return [
    ...Object.keys(manifest['dependencies'] ?? {}),
    ...(development ? Object.keys(manifest['devDependencies'] ?? {}) : []),
  ];
}

/** One circle for each edge that closes one in depth-first order; none exactly when the graph has none. */
function circles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const found: string[][] = [];
  const done = new Set<string>();
  const visit = (node: string, path: string[]): void => {
    const at = path.indexOf(node);
    if (at >= 0) {
      found.push([...path.slice(at), node]);
      return;
    }
    if (done.has(node)) return;
    for (const next of graph.get(node) ?? []) visit(next, [...path, node]);
    done.add(node);
  };
  for (const node of graph.keys()) visit(node, []);
  return found;
}
