import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Every file that git knows or would add, relative to the top; what was deleted but not yet committed is not there. */
export function repositoryFiles(): string[] {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  const deleted = new Set(
    execFileSync('git', ['ls-files', '--deleted', '-z'], { cwd: ROOT, encoding: 'utf8' }).split('\0'),
  );
  return [...new Set(listed.split('\0'))].filter((file) => file !== '' && !deleted.has(file)).toSorted();
}

export function isTypeScript(file: string): boolean {
  return /\.tsx?$/.test(file) && !file.endsWith('.d.ts');
}

export function isGenerated(file: string): boolean {
  return file.includes('.gen.');
}

/** Tests, suites that several of them run, and what they stand on. */
export function isTest(file: string): boolean {
  return /(?:\.(?:test|bench|fixture)|-suite)\.tsx?$|\/fixtures\//.test(file);
}

export function readSource(file: string): string {
  return readFileSync(ROOT + file, 'utf8');
}

export interface Import {
  readonly file: string;
  readonly line: number;
  /** As written: `node:fs`, `zod`, `./frame.ts`. */
  readonly specifier: string;
  /** The file of this repository that a relative specifier means, else `null`. */
  readonly target: string | null;
  readonly typeOnly: boolean;
}

const STATEMENT = /^[ \t]*(import|export)\b((?:(?!^[ \t]*(?:import|export)\b)[^;'"`])*?\bfrom)?\s*(['"])([^'"\n]+)\3/gm;
const DYNAMIC = /\bimport\(\s*(['"])([^'"\n]+)\1/g;

/** What the module loader or the type checker would follow; comments are blanked first. */
export function importsOf(file: string, source = readSource(file)): Import[] {
  const text = withoutComments(source);
  const found: Import[] = [];
  const add = (index: number, specifier: string, typeOnly: boolean): void => {
    found.push({
      file,
      line: text.slice(0, index).split('\n').length,
      specifier,
      target: specifier.startsWith('.') ? targetOf(file, specifier) : null,
      typeOnly,
    });
  };
  for (const match of text.matchAll(STATEMENT)) {
    if (match[1] === 'export' && match[2] === undefined) continue;
    add(match.index, match[4] ?? '', /^\s*type\b(?!\s*from\b)/.test(match[2] ?? ''));
  }
  for (const match of text.matchAll(DYNAMIC)) add(match.index, match[2] ?? '', false);
  return found;
}

/** AssemblyScript writes no extension; everybody else must. */
function targetOf(file: string, specifier: string): string {
  const target = posix.normalize(posix.join(dirname(file), specifier));
  return file.startsWith('wasm-core/assembly/') && !target.endsWith('.ts') ? `${target}.ts` : target;
}

function withoutComments(source: string): string {
  const blank = (text: string): string => text.replaceAll(/[^\n]/g, ' ');
  return source.replaceAll(/^[ \t]*\/\*[\s\S]*?\*\//gm, blank).replaceAll(/^[ \t]*\/\/.*$/gm, blank);
}
