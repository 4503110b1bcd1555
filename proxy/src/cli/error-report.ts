import { CausewayError, codeOf, type ErrorProblem } from '@causeway/contract';
import { printable } from './output.ts';

export interface ReportOptions {
  readonly json: boolean;
  /** What can be done about it. */
  readonly hint: string | null;
}

/**
 * What stderr says of what ended a verb: its code, then each problem on a line, then the hint; with `--json` one line of
 * JSON.
 */
export function errorReport(error: unknown, { json, hint }: ReportOptions): string {
  const code = codeOf(error);
  const problems = error instanceof CausewayError ? error.problems : [];
  if (json) {
    const message = error instanceof Error ? error.message : String(error);
    return `${JSON.stringify({ error: { code, message, problems, ...(hint === null ? {} : { hint }) } })}\n`;
  }
  const text = error instanceof CausewayError ? error.message : error instanceof Error ? error.stack : String(error);
  return [
    `causeway: ${code}: ${text}`,
    ...problems.map((problem) => `  ${problemText(problem)}`),
    ...(hint === null ? [] : [`  → ${hint}`]),
    '',
  ].join('\n');
}

/** `apps/wiki ports[0]: is no port` */
function problemText({ kind, name, path, message }: ErrorProblem): string {
  const object = kind === undefined ? [] : [name === undefined ? kind : `${kind}/${name}`];
  const where = [...object, ...(path === '' ? [] : [path])].join(' ');
  return printable(where === '' ? message : `${where}: ${message}`);
}
