import type { Context } from 'hono';
import { CausewayError } from '@causeway/contract';
import type { AdminEnv } from './admin-env.ts';
import { isDeeperThan } from '../json-depth.ts';
import { refuseInput } from './problem.ts';

export interface BodyLimits {
  readonly limit: number;
  /** More than this is a large one. */
  readonly usual: number;
  /** Told once when the body turns out to be large; what it throws refuses it. */
  readonly large: () => void;
  /** Until it is here. */
  readonly ms: number;
}

/** Deeper than anything that is described here; what goes through values by recursion would end in a fault. */
const MAX_DEPTH = 100;

/**
 * Reads the body, counted while it is read, and puts it where the validators look for it.
 *
 * @returns its text; empty where there is none
 * @throws CausewayError `CW_BODY_TOO_LARGE`, `CW_TIMEOUT`, `CW_REQUEST_INVALID` (not UTF-8), `CW_INPUT_INVALID` (a NUL
 *   in it, which PostgreSQL stores nowhere, or too deep)
 */
export async function readBody(c: Context<AdminEnv>, limits: BodyLimits): Promise<string> {
  const { raw } = c.req;
  if (raw.body === null) return '';
  const bytes = await bytesOf(raw.body, Number(raw.headers.get('content-length') ?? 0), limits);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new CausewayError('CW_REQUEST_INVALID', 'the body is not UTF-8');
  }
  if (text.includes('\\u0000')) refuseInput('', 'no text has a NUL in it');
  if (isDeeperThan(MAX_DEPTH, text)) refuseInput('', `nested deeper than ${MAX_DEPTH}`);
  const { url, method, headers } = raw;
  c.req.raw = new Request(url, { method, headers, body: text });
  return text;
}

async function bytesOf(
  body: ReadableStream<Uint8Array>,
  declared: number,
  { limit, usual, large, ms }: BodyLimits,
): Promise<Buffer> {
  const tooLarge = (): CausewayError => new CausewayError('CW_BODY_TOO_LARGE', `more than ${limit} bytes`);
  if (declared > limit) throw tooLarge();
  const reader = body.getReader();
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    void reader.cancel();
  }, ms);
  const chunks: Uint8Array[] = [];
  let length = 0;
  let told = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (late) throw new CausewayError('CW_TIMEOUT', 'the body did not come in time');
      if (done) return Buffer.concat(chunks);
      length += value.length;
      if (length > limit) throw tooLarge();
      if (!told && length > usual) {
        told = true;
        large();
      }
      chunks.push(value);
    }
  } catch (error) {
    // What the client still sends is not read.
    void reader.cancel().catch(() => {});
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
