import type { Kysely } from 'kysely';
import { CausewayError, OBJECT_KINDS, type ErrorProblem } from '@causeway/contract';
import { compilePolicy } from '@causeway/wasm-core';
import { loadConfigWithWarnings, type LoadedConfig } from '../../config/load.ts';
import type { Problem } from '../../config/object-checks.ts';
import type { Deployment } from '../../config/schema.ts';
import { packFacts } from '../../policy/packed-facts.ts';
import { policyInput } from '../../policy/policy-input.ts';
import { factsOf } from '../../policy/rule-facts.ts';
import { cutPieces } from '../../rpc/cut-pieces.ts';
import { EDGE_KINDS, type EdgeKind, type PieceName } from '../../rpc/snapshot.ts';
import { digestOf, type Parts } from '../objects/chunks.ts';
import { problemLine, refusal, type PreparedChange } from '../objects/prepared-change.ts';
import type { StoreLocation } from '../store/database.ts';
import type { StoreTables } from '../store/schema.ts';
import { storedChunk } from './checked-chunk.ts';
import { checkContents, namedProblem, type Bodies, type CheckedContents } from './checked-contents.ts';
import { CheckedMemo } from './checked-memo.ts';
import { groupsOfContents, workingGroups, type SourceGroups } from './working-groups.ts';
import { withNotices } from './compile.ts';
import { apiNames, FILE_KINDS, fileChanges, fileTexts } from './file-objects.ts';
import { deploymentOf, type CompiledContents, type CompileArguments, type ContentsSource } from './job.ts';
import { changedContents } from './changed-contents.ts';
import { reading } from './reading.ts';
import {
  lastSnapshot,
  noContents,
  snapshotContents,
  storedChunks,
  workingContents,
  workingVersion,
  type ContentTexts,
} from './stored-contents.ts';

const memo = new CheckedMemo();

/** Contents with what is needed to say where a fault of theirs stands. */
interface Source {
  readonly config: Deployment;
  readonly groups: SourceGroups;
  readonly file: LoadedConfig | null;
  readonly changes: readonly PreparedChange[];
}

/**
 * Reads contents, checks whether they go together and compiles their policy. Blocks the thread that it runs in.
 *
 * @throws CausewayError with the exact code and every problem; CoreError where the policy is beyond the core's limits
 */
export async function compileContents(
  location: StoreLocation,
  { source, known }: CompileArguments,
): Promise<CompiledContents> {
  const file = source.from === 'file' ? await loadConfigWithWarnings(source.configFile, { alone: false }) : null;
  if (file !== null && 'url' in location) refuseObjects(file);
  memo.use(JSON.stringify(location));
  const read = await reading(location, async (db) => ({
    ...(await readSource(db, source, file)),
    working: await workingVersion(db),
    base: await lastSnapshot(db),
  }));
  const { config, working, base, changes } = read;
  const seen = new Set(known);
  const { bodies, chunks, problems } = checkContents(read.groups, config, seen, memo);
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw refusalOf(errors, read, bodies);
  // A copy, because wasm-core does not promise a buffer that can be handed over.
  const image = new Uint8Array(compilePolicy(policyInput(bodies.apps, bodies.rules)));
  const facts = packFacts(factsOf(bodies.apps, withNotices(bodies.rules, bodies.templates)));
  return {
    config,
    image: cutPieces(image),
    facts: cutPieces(facts),
    rules: bodies.rules.length,
    objects: piecesOf(chunks),
    working,
    base,
    changes,
    count: OBJECT_KINDS.reduce((sum, kind) => sum + bodies[kind].length, 0),
    ...(await listed(chunks, seen, location)),
    warnings: problems.filter(({ severity }) => severity === 'warning').map((problem) => lineOf(problem, read, bodies)),
  };
}

/** Objects of a file would be another truth beside the database that several PoPs share. */
function refuseObjects({ config, locate }: LoadedConfig): void {
  const kind = FILE_KINDS.find((one) => config[one].length > 0);
  if (kind === undefined) return;
  throw new CausewayError(
    'CW_CONFIG_INVALID',
    `${locate([kind])}: the store is a PostgreSQL database, which holds the objects of all PoPs: ` +
      'put them there with `causeway apply -f FILE`, and take them out of the file',
  );
}

async function readSource(db: Kysely<StoreTables>, source: ContentsSource, file: LoadedConfig | null): Promise<Source> {
  switch (source.from) {
    case 'working': {
      const { changes = [], config } = source;
      const groups =
        changes.length === 0
          ? await workingGroups(db, (key) => memo.byKey(key) !== undefined)
          : groupsOfContents(changedContents(await workingContents(db), changes));
      return { config, groups, file: null, changes: [] };
    }
    case 'snapshot': {
      const groups = groupsOfContents(await snapshotContents(db, source.number));
      return { config: source.config, groups, file: null, changes: [] };
    }
    case 'file': {
      if (file === null) throw new TypeError('the file was not loaded');
      const contents = await withFile(db, file, await snapshotContents(db, await lastSnapshot(db)));
      const changes = await fileChanges(db, file.config);
      return { config: deploymentOf(file.config), groups: groupsOfContents(contents), file, changes };
    }
  }
}

/** What the file has, then what the API manages of the last snapshot; drafts of the API stay drafts. */
async function withFile(db: Kysely<StoreTables>, file: LoadedConfig, last: ContentTexts): Promise<ContentTexts> {
  const contents = noContents();
  const clashes: ErrorProblem[] = [];
  for (const kind of OBJECT_KINDS) contents[kind].push(...last[kind].filter(({ managedBy }) => managedBy === 'api'));
  for (const kind of FILE_KINDS) {
    const own = fileTexts(file.config, kind);
    const names = new Set(own.map(({ name }) => name));
    const taken = await apiNames(db, kind);
    for (const [i, { name }] of own.entries()) {
      if (!taken.has(name)) continue;
      const message = `"${name}" was made with the API: delete it there or rename it here`;
      clashes.push({ path: file.locate([kind, i, 'name']), message });
    }
    contents[kind] = [...own, ...contents[kind].filter(({ name }) => !names.has(name))];
  }
  if (clashes.length > 0) throw refusal('CW_CONFIG_INVALID', clashes);
  return contents;
}

/** By the line where the file has the object, by kind and name otherwise. */
function refusalOf(errors: readonly Problem[], source: Source, bodies: Bodies): CausewayError {
  const problems = errors.map((problem) => namedProblem(problem, bodies));
  const code = source.file === null ? 'CW_INPUT_INVALID' : 'CW_CONFIG_INVALID';
  return new CausewayError(code, errors.map((problem) => lineOf(problem, source, bodies)).join('\n'), { problems });
}

function lineOf(problem: Problem, { file }: Source, bodies: Bodies): string {
  const [kind, index] = problem.path;
  const inFile = FILE_KINDS.find((one) => one === kind);
  if (file === null || inFile === undefined || Number(index) >= file.config[inFile].length) {
    return problemLine(namedProblem(problem, bodies));
  }
  return `${file.locate(problem.path)}: ${problem.message}`;
}

async function listed(
  chunks: CheckedContents['chunks'],
  known: ReadonlySet<string>,
  location: StoreLocation,
): Promise<Pick<CompiledContents, 'parts' | 'digest' | 'chunks'>> {
  const all = new Map(OBJECT_KINDS.flatMap((kind) => chunks[kind].map((chunk) => [chunk.hash, chunk])));
  const stored = await reading(location, (db) => storedChunks(db, [...all.keys()]));
  const parts: Parts = Object.fromEntries(
    OBJECT_KINDS.filter((kind) => chunks[kind].length > 0).map((kind) => [kind, chunks[kind].map(({ hash }) => hash)]),
  );
  const rules = new Set(parts.rules);
  const asked = (hash: string): boolean => !known.has(hash) && !rules.has(hash);
  const fresh = [...all.values()].filter(({ hash }) => asked(hash) || !stored.has(hash));
  return { parts, digest: digestOf(parts), chunks: fresh.map(storedChunk) };
}

function piecesOf(chunks: CheckedContents['chunks']): Record<EdgeKind, PieceName[]> {
  const named = EDGE_KINDS.map((kind): [EdgeKind, PieceName[]] => [
    kind,
    chunks[kind].map(({ hash, bytes }) => ({ hash, bytes })),
  ]);
  return Object.fromEntries(named) as Record<EdgeKind, PieceName[]>;
}
