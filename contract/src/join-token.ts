import { z } from 'zod';
import { CausewayError } from './errors.ts';

/**
 * What a person carries from the PoP to a publisher or device: where to dial, whom to trust there, and a secret that
 * works once. `cwjoin1.` and base64url of JSON, so that it survives a shell, a chat and a QR code.
 */
export const joinToken = z.strictObject({
  kind: z.enum(['publisher', 'device']),
  /** `host:port` of the PoP. */
  pop: z.string().regex(/^.{1,255}:\d{1,5}$/),
  tunnelDomain: z.string().max(255),
  /** SHA-256 of the CA certificate's DER, 64 hex digits. */
  ca: z.string().regex(/^[0-9a-f]{64}$/),
  secret: z.string().min(20).max(100),
});
export type JoinToken = z.infer<typeof joinToken>;

const PREFIX = 'cwjoin1.';

export function encodeJoinToken(token: JoinToken): string {
  const bytes = new TextEncoder().encode(JSON.stringify(token));
  return (
    PREFIX +
    btoa(String.fromCharCode(...bytes))
      .replaceAll('+', '-')
      .replaceAll('/', '_')
      .replaceAll('=', '')
  );
}

/** Throws `CW_TOKEN_INVALID`, which never repeats the text. */
export function decodeJoinToken(text: string): JoinToken {
  try {
    if (!text.startsWith(PREFIX) || text.length > 2_000) throw new Error('prefix or length');
    const binary = atob(text.slice(PREFIX.length).replaceAll('-', '+').replaceAll('_', '/'));
    const json = new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(binary, (c) => c.charCodeAt(0)));
    return joinToken.parse(JSON.parse(json));
  } catch (error) {
    throw new CausewayError('CW_TOKEN_INVALID', 'this is not a join token', { cause: error });
  }
}
