import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { CausewayError, ERRORS, type ErrorCode, type ErrorProblem } from '@causeway/contract';
import { z } from '@hono/zod-openapi';
import { retryAfter } from '../../pages/retry-after.ts';

/** RFC 9457. `code` is for programs, `detail` for people, `reference` for the log. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly errors: readonly ErrorProblem[];
  readonly reference: string;
}

export const problemSchema = z
  .object({
    type: z.string().describe('urn:causeway:error: and the code'),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string().describe('one of docs/errors.md'),
    retryable: z.boolean().describe('whether the same request may succeed later'),
    errors: z
      .array(
        z.object({
          kind: z.string().optional(),
          name: z.string().optional(),
          path: z.string(),
          message: z.string(),
        }),
      )
      .describe('each thing that is wrong'),
    reference: z.string().describe('names the request in log and audit'),
  })
  .meta({ id: 'Problem' });

/** What anything thrown becomes. What is not ours says nothing of itself outside the log. */
export function problemOf(error: unknown, reference: string): Problem {
  const known = error instanceof CausewayError ? error : fromFramework(error);
  const code = known?.code ?? 'CW_INTERNAL';
  const { text, status, retryable } = ERRORS[code];
  const told = known !== null && code !== 'CW_INTERNAL' && code !== 'CW_STORE_FAILED' && code !== 'CW_STORE_LOST';
  return {
    type: `urn:causeway:error:${code}`,
    title: text,
    status,
    detail: told ? known.message : text,
    code,
    retryable,
    errors: told ? known.problems : [],
    reference,
  };
}

function fromFramework(error: unknown): CausewayError | null {
  if (!(error instanceof HTTPException)) return null;
  if (error.status === 415) return new CausewayError('CW_MEDIA_TYPE', 'send application/json');
  return new CausewayError('CW_REQUEST_INVALID', error.message);
}

export function problemAnswer(c: Context, problem: Problem): Response {
  c.header('content-type', 'application/problem+json');
  if (problem.code === 'CW_UNAUTHENTICATED') c.header('www-authenticate', 'Bearer realm="causeway"');
  if (problem.retryable) c.header('retry-after', String(retryAfter(problem.code)));
  return c.body(JSON.stringify(problem), problem.status as ContentfulStatusCode);
}

/** @throws CausewayError `CW_INPUT_INVALID` */
export function refuseInput(path: string, message: string): never {
  throw new CausewayError('CW_INPUT_INVALID', `${path}: ${message}`, { problems: [{ path, message }] });
}
