import { CausewayError, type ErrorProblem, type ObjectKind } from '@causeway/contract';
import type { AdminAnswer, AdminClient, AdminRequest } from '../admin-client/admin-client.ts';
import { KINDS } from '../control/objects/kinds/kinds.ts';
import type { DeclaredObject } from './object-documents.ts';

type ApplyBody = AdminRequest<'POST /apply'>['body'];

/**
 * Puts every object into the working set, all or none. Of an ordered kind they come in the order in which they were
 * read, in the places that they have together.
 *
 * @throws CausewayError as the API refuses it, each problem with its place in the files
 */
export async function applyObjects(
  client: AdminClient,
  objects: readonly DeclaredObject[],
  options: Pick<ApplyBody, 'comment' | 'dryRun' | 'publish'>,
): Promise<AdminAnswer<'POST /apply'>> {
  const changes = objects.map(({ kind, name, spec }) => ({ kind, name, op: 'put' as const, body: spec }));
  try {
    return await client.call('POST /apply', { body: { ...options, changes, order: orderOf(objects) } });
  } catch (error) {
    if (!(error instanceof CausewayError) || error.problems.length === 0) throw error;
    const problems = error.problems.map((problem) => located(problem, objects));
    throw new CausewayError(error.code, error.message, { cause: error, problems });
  }
}

function orderOf(objects: readonly DeclaredObject[]): NonNullable<ApplyBody['order']> {
  const order: Partial<Record<ObjectKind, string[]>> = {};
  for (const { kind, name } of objects) if (KINDS[kind].ordered) (order[kind] ??= []).push(name);
  return order;
}

function located(problem: ErrorProblem, objects: readonly DeclaredObject[]): ErrorProblem {
  const object = objects.find(({ kind, name }) => kind === problem.kind && name === problem.name);
  if (object === undefined) return problem;
  return { ...problem, message: `${problem.message} (${object.locate(problem.path)})` };
}
