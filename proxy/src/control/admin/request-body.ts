import type { Context } from 'hono';
import { CausewayError } from '@causeway/contract';
import type { AdminEnv } from './admin-env.ts';
import { refuseInput } from './problem.ts';

/**
 * Reads the body, counted while it is read, and puts it where the validators look for it.
 *
 * @returns its text; empty where there is none
 * @throws CausewayError `CW_BODY_TOO_LARGE`, `CW_REQUEST_INVALID` (not UTF-8), `CW_INPUT_INVALID` (a NUL in it, which
 *   PostgreSQL stores nowhere)
 */
export async function readBody(c: Context<AdminEnv>, limit: number): Promise<string> {
  const { raw } = c.req;
  if (raw.body === null) return '';
  const tooLarge = (): CausewayError => new CausewayError('CW_BODY_TOO_LARGE', `more than ${limit} bytes`);
  if (Number(raw.headers.get('content-length') ?? 0) > limit) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of raw.body) {
    length += chunk.length;
    // Leaving the loop cancels the stream: what the client still sends is not read.
    if (length > limit) throw tooLarge();
    chunks.push(chunk);
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw new CausewayError('CW_REQUEST_INVALID', 'the body is not UTF-8');
  }
  if (text.includes('\\u0000')) refuseInput('', 'no text has a NUL in it');
  const { url, method, headers } = raw;
  c.req.raw = new Request(url, { method, headers, body: text });
  return text;
}
