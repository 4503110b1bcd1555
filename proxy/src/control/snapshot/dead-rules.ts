import { loadConfigWithWarnings, type LoadedConfig, type NeverDeciding } from '../../config/load.ts';
import { neverDecidingProblems } from '../../config/never-deciding-problems.ts';
import type { Problem } from '../../config/object-checks.ts';
import { problemLine } from '../objects/prepared-change.ts';
import type { StoreLocation } from '../store/database.ts';
import { namedProblem } from './checked-contents.ts';
import { policyOf } from './comparing.ts';
import type { DeadRulesArguments } from './job.ts';
import { reading } from './reading.ts';
import { snapshotContents } from './stored-contents.ts';

/** Rules of a snapshot that can never decide, each by its line where the file has it. Blocks the thread. */
export async function deadRules(
  location: StoreLocation,
  { number, configFile }: DeadRulesArguments,
): Promise<NeverDeciding> {
  const contents = await reading(location, (db) => snapshotContents(db, number));
  const { apps, rules } = policyOf(contents);
  const { shadowed, problems } = neverDecidingProblems(apps, rules);
  if (problems.length === 0) return { shadowed, warnings: [] };
  // The file may have changed or gone meanwhile: then the rules are called by their names.
  const file = await loadConfigWithWarnings(configFile, { alone: false }).catch(() => null);
  const lineOf = (problem: Problem): string =>
    lineInFile(problem, file, rules) ?? problemLine(namedProblem(problem, contents));
  return { shadowed, warnings: problems.map(lineOf) };
}

function lineInFile(
  { path, message }: Problem,
  file: LoadedConfig | null,
  rules: readonly { readonly name: string }[],
): string | null {
  const index = Number(path[1]);
  const name = file?.config.rules[index]?.name;
  return file === null || name === undefined || name !== rules[index]?.name ? null : `${file.locate(path)}: ${message}`;
}
