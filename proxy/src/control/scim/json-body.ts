import { isDeeperThan } from '../json-depth.ts';
import { invalid, ScimError } from './scim-error.ts';

/** Bulk in which PATCH in which users: deeper than anything that a schema has. */
const MAX_DEPTH = 50;

/**
 * The body as a JSON object, at most `limit` bytes of it, counted while it is read.
 *
 * @throws ScimError 413, 415 or `invalidSyntax`
 */
export async function readJson(request: Request, limit: number): Promise<object> {
  const type = request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() ?? '';
  if (type !== 'application/scim+json' && type !== 'application/json') {
    throw new ScimError(415, null, 'the body is application/scim+json');
  }
  const tooLarge = (): Error => new ScimError(413, null, `the body is larger than ${limit} bytes`);
  if (Number(request.headers.get('content-length') ?? 0) > limit) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let length = 0;
  if (request.body !== null) {
    for await (const chunk of request.body) {
      length += chunk.length;
      // Leaving the loop cancels the stream: what the client still sends is not read.
      if (length > limit) throw tooLarge();
      chunks.push(chunk);
    }
  }
  let value: unknown;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
    value = isDeeperThan(MAX_DEPTH, text) ? null : JSON.parse(text);
  } catch {
    throw invalid('invalidSyntax', 'the body is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid('invalidSyntax', 'the body is not a JSON object');
  }
  return value;
}
