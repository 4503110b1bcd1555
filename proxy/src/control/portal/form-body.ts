import { CausewayError } from '@causeway/contract';

/**
 * The fields of a form post, at most `limit` bytes of body, counted while it is read. A field that stands twice, or a
 * body of another type, is `CW_REQUEST_INVALID`; a longer one `CW_SAML_TOO_LARGE`.
 */
export async function readForm(request: Request, limit: number): Promise<ReadonlyMap<string, string>> {
  const type = request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/x-www-form-urlencoded') throw new CausewayError('CW_REQUEST_INVALID', 'not a form post');
  if (Number(request.headers.get('content-length') ?? 0) > limit) throw new CausewayError('CW_SAML_TOO_LARGE');
  const chunks: Uint8Array[] = [];
  let length = 0;
  if (request.body !== null) {
    for await (const chunk of request.body) {
      length += chunk.length;
      // Leaving the loop cancels the stream: what the client still sends is not read.
      if (length > limit) throw new CausewayError('CW_SAML_TOO_LARGE');
      chunks.push(chunk);
    }
  }
  const fields = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(Buffer.concat(chunks).toString('latin1'))) {
    if (fields.has(name) || fields.size >= 16) throw new CausewayError('CW_REQUEST_INVALID', 'a field stands twice');
    fields.set(name, value);
  }
  return fields;
}
