import { z } from 'zod';
import { CausewayError, isErrorCode, type ErrorCode } from './errors.ts';
import { LIMITS } from './limits.ts';

/**
 * Every stream of a tunnel begins with one header; data may follow at once:
 *
 *     0               2
 *     +---------------+----------------------------------+
 *     | length u16 BE | JSON, UTF-8, `length` bytes      |
 *     +---------------+----------------------------------+
 *
 * and the acceptor answers once, in the same framing, before any data of its own: `{"ok":true}` or
 * `{"ok":false,"code":"CW_…"}`.
 */
export const openHeader = z.strictObject({
  v: z.literal(1),
  kind: z.enum(['tcp', 'control']),
  app: z.string().max(63).optional(),
  host: z.string().max(255).optional(),
  port: z.number().int().min(1).max(65_535).optional(),
  /** The flow's decision id, for logs on both sides. */
  flow: z.string().max(64).optional(),
});
export type OpenHeader = z.infer<typeof openHeader>;

const openAnswer = z.union([
  z.strictObject({ ok: z.literal(true) }),
  z.strictObject({ ok: z.literal(false), code: z.string(), notice: z.string().max(500).optional() }),
]);
export type OpenAnswer =
  | { readonly ok: true }
  | { readonly ok: false; readonly code: ErrorCode; readonly notice?: string };

function frame(value: unknown): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(value));
  if (json.length > LIMITS.openHeaderBytes) throw new CausewayError('CW_OPEN_INVALID', 'open header too long');
  const out = new Uint8Array(2 + json.length);
  out[0] = json.length >>> 8;
  out[1] = json.length & 0xff;
  out.set(json, 2);
  return out;
}

export function encodeOpenHeader(header: OpenHeader): Uint8Array {
  return frame(header);
}

export function encodeOpenAnswer(answer: OpenAnswer): Uint8Array {
  return frame(answer);
}

/**
 * Collects the bytes of one framed JSON value across chunks. The length is checked as soon as its two bytes are
 * there, so a peer cannot make us wait for what we would refuse.
 */
export class OpenFrameReader {
  #bytes = new Uint8Array(0);

  /** @returns the JSON text's value and the bytes after it, or `null` while it is incomplete. Throws `CW_OPEN_INVALID`. */
  push(chunk: Uint8Array): { value: unknown; rest: Uint8Array } | null {
    let bytes = chunk;
    if (this.#bytes.length > 0) {
      bytes = new Uint8Array(this.#bytes.length + chunk.length);
      bytes.set(this.#bytes);
      bytes.set(chunk, this.#bytes.length);
    }
    if (bytes.length >= 2) {
      const length = ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
      if (length > LIMITS.openHeaderBytes) throw new CausewayError('CW_OPEN_INVALID', 'open header too long');
      if (bytes.length >= 2 + length) {
        try {
          const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(2, 2 + length));
          return { value: JSON.parse(text), rest: bytes.subarray(2 + length) };
        } catch (error) {
          throw new CausewayError('CW_OPEN_INVALID', 'open header is not JSON', { cause: error });
        }
      }
    }
    this.#bytes = bytes.slice();
    return null;
  }
}

export function checkOpenHeader(value: unknown): OpenHeader {
  const parsed = openHeader.safeParse(value);
  if (!parsed.success) throw new CausewayError('CW_OPEN_INVALID', z.prettifyError(parsed.error));
  const header = parsed.data;
  if (header.kind === 'tcp' && (header.host === undefined || header.port === undefined)) {
    throw new CausewayError('CW_OPEN_INVALID', 'a tcp stream names host and port');
  }
  return header;
}

export function checkOpenAnswer(value: unknown): OpenAnswer {
  const parsed = openAnswer.safeParse(value);
  if (!parsed.success) throw new CausewayError('CW_OPEN_INVALID', z.prettifyError(parsed.error));
  if (parsed.data.ok) return parsed.data;
  const { code, notice } = parsed.data;
  return { ok: false, code: isErrorCode(code) ? code : 'CW_INTERNAL', ...(notice === undefined ? {} : { notice }) };
}
