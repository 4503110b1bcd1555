import { z } from 'zod';
import { BULK_OPERATIONS } from './bulk-limits.ts';
import { errorAnswer, invalid, ScimError } from './scim-error.ts';

const BULK_RESPONSE = 'urn:ietf:params:scim:api:messages:2.0:BulkResponse';

const message = z.object({
  failOnErrors: z.number().int().min(1).nullish(),
  Operations: z
    .array(
      z.object({
        method: z
          .string()
          .transform((method) => method.toUpperCase())
          .pipe(z.enum(['POST', 'PUT', 'PATCH', 'DELETE'])),
        path: z.string().max(500),
        bulkId: z.string().min(1).max(100).nullish(),
        version: z.string().max(100).nullish(),
        data: z.record(z.string(), z.unknown()).nullish(),
      }),
    )
    .min(1)
    .max(BULK_OPERATIONS),
});

type Operation = z.infer<typeof message>['Operations'][number];

/** One operation as a request of its own. */
export interface InnerRequest {
  readonly method: Operation['method'];
  readonly path: string;
  readonly ifMatch: string | null;
  readonly body: string | null;
}

export type Perform = (request: InnerRequest) => Promise<Response>;

const PATH = /^\/(?:Users|Groups)(?:\/[A-Za-z0-9:._-]+)?$/;
const MAX_DEPTH = 8;

/**
 * Performs the operations of a bulk request (RFC 7644 §3.7) one after the other. What refers to something that a later
 * one makes waits for it; what refers to nothing, or in a circle, is a conflict.
 *
 * @throws ScimError `invalidSyntax`, 413
 */
export async function performBulk(body: object, perform: Perform): Promise<object> {
  const { operations, failOnErrors } = parse(body);
  const made = new Map<string, string>();
  const answers: (object | undefined)[] = Array.from({ length: operations.length }, () => undefined);
  let errors = 0;
  let waiting = [...operations.entries()].map(([i, operation]): Waiting => ({
    i,
    operation,
    needs: references(operation),
  }));
  while (waiting.length > 0 && errors < failOnErrors) {
    const later: typeof waiting = [];
    const before = waiting.length;
    for (const entry of waiting) {
      if (errors >= failOnErrors) break;
      const { i, operation, needs } = entry;
      // What is known once stays known, so each reference is looked for again only until it is.
      while (needs.length > 0 && made.has(needs.at(-1) ?? '')) needs.pop();
      if (needs.length > 0) {
        later.push(entry);
        continue;
      }
      const { answer, failed } = await run(operation, resolved(operation, made), perform, made);
      answers[i] = answer;
      if (failed) errors++;
    }
    if (later.length === before) {
      for (const { i, operation } of later) {
        if (errors++ >= failOnErrors) break;
        answers[i] = failure(
          operation,
          new ScimError(409, 'invalidValue', 'a bulkId that stands for nothing, or a circle'),
        );
      }
      break;
    }
    waiting = later;
  }
  return { schemas: [BULK_RESPONSE], Operations: answers.filter((answer) => answer !== undefined) };
}

function parse(body: object): { operations: Operation[]; failOnErrors: number } {
  const given = body as { Operations?: unknown };
  if (Array.isArray(given.Operations) && given.Operations.length > BULK_OPERATIONS) {
    throw new ScimError(413, 'tooMany', `more than ${BULK_OPERATIONS} operations`);
  }
  const parsed = message.safeParse(body);
  if (!parsed.success) throw invalid('invalidSyntax', 'Operations is a list of method, path, bulkId and data');
  return { operations: parsed.data.Operations, failOnErrors: parsed.data.failOnErrors ?? Number.POSITIVE_INFINITY };
}

interface Waiting {
  readonly i: number;
  readonly operation: Operation;
  /** The bulkIds that it refers to and that stood for nothing so far. */
  readonly needs: string[];
}

function references(operation: Operation): string[] {
  const found = new Set<string>();
  withReferences(operation, (bulkId) => {
    found.add(bulkId);
    return bulkId;
  });
  return [...found];
}

/** With what every `bulkId:…` stands for in its place. */
function resolved(operation: Operation, made: ReadonlyMap<string, string>): InnerRequest {
  const { path, data } = withReferences(operation, (bulkId) => made.get(bulkId) ?? bulkId);
  const { method, version } = operation;
  const body = data === undefined || data === null ? null : JSON.stringify(data);
  return { method, path, ifMatch: version ?? null, body };
}

/** Path and data, with every `bulkId:…` replaced. */
function withReferences(
  operation: Operation,
  replace: (bulkId: string) => string,
): { readonly path: string; readonly data: unknown } {
  const reference = (text: string): string => replace(text.slice('bulkId:'.length));
  const walk = (value: unknown, depth: number): unknown => {
    if (typeof value === 'string') return value.startsWith('bulkId:') ? reference(value) : value;
    if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return value;
    if (Array.isArray(value)) return value.map((one) => walk(one, depth + 1));
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, walk(one, depth + 1)]));
  };
  const path = operation.path.replace(/(?<=^\/(?:Users|Groups)\/)bulkId:.*$/, reference);
  return { path, data: walk(operation.data, 0) };
}

async function run(
  operation: Operation,
  request: InnerRequest,
  perform: Perform,
  made: Map<string, string>,
): Promise<{ answer: object; failed: boolean }> {
  const bulkId = operation.bulkId ?? null;
  try {
    if (!PATH.test(request.path)) throw invalid('invalidPath', 'the path is that of users or groups');
    if (request.method === 'POST' && bulkId === null) throw invalid('invalidValue', 'a POST has a bulkId');
    const response = await perform(request);
    const failed = response.status >= 400;
    const location = response.headers.get('location');
    if (bulkId !== null && location !== null) made.set(bulkId, location.slice(location.lastIndexOf('/') + 1));
    const version = response.headers.get('etag');
    return {
      failed,
      answer: {
        method: operation.method,
        ...(bulkId === null ? {} : { bulkId }),
        ...(version === null ? {} : { version }),
        ...(location === null ? {} : { location }),
        status: String(response.status),
        ...(failed ? { response: await response.json() } : {}),
      },
    };
  } catch (error) {
    return { failed: true, answer: failure(operation, error) };
  }
}

function failure({ method, bulkId }: Operation, error: unknown): object {
  const { status, body } = errorAnswer(error);
  return {
    method,
    ...(bulkId === undefined || bulkId === null ? {} : { bulkId }),
    status: String(status),
    response: body,
  };
}
