import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { z } from 'zod';
import { CausewayError } from '@causeway/contract';
import type { ShadowedRule } from '@causeway/wasm-core';
import { didYouMean } from './closest.ts';
import { crossChecks } from './cross-checks.ts';
import { knownKeys } from './known-keys.ts';
import { neverDecidingProblems } from './never-deciding-problems.ts';
import type { Problem } from './object-checks.ts';
import { configSchema, type Config, type EventExport } from './schema.ts';
import { YamlSource } from './source-map.ts';

const MAX_BYTES = 16 * 1024 * 1024;

export interface LoadedConfig {
  readonly config: Config;
  /** What looks wrong but keeps nothing from running, each `causeway.yaml:12:5 rules[0].tags[1]: …`. */
  readonly warnings: readonly string[];
  /** Where something stands in the file: `causeway.yaml:12:5 rules[0].tags[1]`. */
  readonly locate: (path: readonly PropertyKey[]) => string;
  /** Looks for rules of the file that can never decide. Of thousands of rules it takes seconds. */
  readonly neverDeciding: () => NeverDeciding;
}

export interface NeverDeciding {
  readonly shadowed: readonly ShadowedRule[];
  readonly warnings: readonly string[];
}

export interface LoadOptions {
  /** False where an object of the file may name one that only the store has: the store's reader checks that then. */
  readonly alone?: boolean;
}

/**
 * The configuration in `file`, checked, with absolute paths.
 *
 * @throws CausewayError `CW_CONFIG_MISSING` where the file, or one that it names, does not exist; `CW_CONFIG_INVALID`
 *   with every problem on a line of its own
 */
export async function loadConfig(file: string, options: LoadOptions = {}): Promise<Config> {
  return (await loadConfigWithWarnings(file, options)).config;
}

export async function loadConfigWithWarnings(file: string, options: LoadOptions = {}): Promise<LoadedConfig> {
  const parsed = parseConfig(await readText(file), basename(file), options);
  const config = absolutePaths(parsed.config, dirname(resolve(file)));
  await checkFiles(config);
  return { ...parsed, config };
}

/** @param name what messages call the text @throws CausewayError `CW_CONFIG_INVALID` */
export function parseConfig(text: string, name: string, { alone = true }: LoadOptions = {}): LoadedConfig {
  const source = new YamlSource(text);
  if (source.errors.length > 0) throw refusal(name, source.errors);
  const parsed = configSchema.safeParse(source.value);
  if (!parsed.success)
    throw refusal(
      name,
      parsed.error.issues.flatMap((issue) => located(source, issue)),
    );
  const config = parsed.data;
  const found = crossChecks(config, alone);
  const place = ({ path, message }: Problem): Located => ({
    ...source.locate(path),
    message: `${z.core.toDotPath(path)}: ${message}`,
  });
  const errors = found.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw refusal(name, errors.map(place));
  const locate = (path: readonly PropertyKey[]): string => {
    const { line, column } = source.locate(path);
    return `${name}:${line}:${column} ${z.core.toDotPath(path)}`;
  };
  return {
    config,
    warnings: lines(name, found.map(place)),
    locate,
    neverDeciding: () => {
      const { shadowed, problems } = neverDecidingProblems(config.apps, config.rules);
      return { shadowed, warnings: lines(name, problems.map(place)) };
    },
  };
}

interface Located {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

function located(source: YamlSource, issue: z.core.$ZodIssue): Located[] {
  const { path } = issue;
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(path);
    return issue.keys.map((key) => ({
      ...source.locateKey(path, key),
      message: `${z.core.toDotPath([...path, key])}: unknown key${didYouMean(key, known)}`,
    }));
  }
  const where = path.length === 0 ? '' : `${z.core.toDotPath(path)}: `;
  return [{ ...source.locate(path), message: `${where}${wording(issue)}` }];
}

/** In the order of the file. */
function lines(name: string, problems: readonly Located[]): string[] {
  return problems
    .toSorted((a, b) => a.line - b.line || a.column - b.column)
    .map(({ line, column, message }) => `${name}:${line}:${column} ${message}`);
}

function refusal(name: string, problems: readonly Located[]): CausewayError {
  return new CausewayError('CW_CONFIG_INVALID', lines(name, problems).join('\n'));
}

async function readText(file: string): Promise<string> {
  try {
    const { size } = await stat(file);
    if (size > MAX_BYTES) throw new CausewayError('CW_CONFIG_INVALID', `${file} is larger than ${MAX_BYTES} bytes`);
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof CausewayError) throw error;
    throw new CausewayError('CW_CONFIG_MISSING', `${file} cannot be read: ${reason(error)}`, { cause: error });
  }
}

function absolutePaths(config: Config, folder: string): Config {
  const files = (pair: { cert: string; key: string }): { cert: string; key: string } => ({
    cert: resolve(folder, pair.cert),
    key: resolve(folder, pair.key),
  });
  const { access, identity } = config.certificates;
  const withFiles = (one: EventExport): EventExport => {
    if (one.type === 'file') return { ...one, path: resolve(folder, one.path) };
    const ca = one.ca === undefined ? {} : { ca: resolve(folder, one.ca) };
    return one.type === 'syslog' ? { ...one, ...ca } : { ...one, ...ca, secret: resolve(folder, one.secret) };
  };
  const { masterKey } = config;
  return {
    ...config,
    ...(masterKey !== undefined && 'file' in masterKey ? { masterKey: { file: resolve(folder, masterKey.file) } } : {}),
    events: { export: config.events.export.map(withFiles) },
    identityProvider: { ...config.identityProvider, metadata: resolve(folder, config.identityProvider.metadata) },
    certificates: {
      ...(access === undefined ? {} : { access: files(access) }),
      ...(identity === undefined ? {} : { identity: files(identity) }),
    },
  };
}

async function checkFiles(config: Config): Promise<void> {
  const named: [string, string][] = [['identityProvider.metadata', config.identityProvider.metadata]];
  for (const [domain, files] of Object.entries(config.certificates)) {
    if (files === undefined) continue;
    named.push([`certificates.${domain}.cert`, files.cert], [`certificates.${domain}.key`, files.key]);
  }
  for (const [i, one] of config.events.export.entries()) {
    if (one.type === 'webhook') named.push([`events.export[${i}].secret`, one.secret]);
    if (one.type !== 'file' && one.ca !== undefined) named.push([`events.export[${i}].ca`, one.ca]);
  }
  const problems: string[] = [];
  for (const [path, file] of named) {
    await readFile(file).catch((error: unknown) => problems.push(`${path}: ${file} cannot be read: ${reason(error)}`));
  }
  if (problems.length > 0) throw new CausewayError('CW_CONFIG_MISSING', problems.join('\n'));
}

function reason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  return code === 'ENOENT' ? 'there is no such file' : error instanceof Error ? error.message : String(error);
}

/** zod's words, where a person who writes YAML would not understand them. */
function wording(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type') {
    if (issue.message.endsWith('received undefined')) return `is missing (${issue.expected})`;
    return issue.message.replace(/^Invalid input: /, '').replace(/received null$/, 'received nothing');
  }
  return issue.message.replace(/^Invalid (?:input|option): /, '');
}
