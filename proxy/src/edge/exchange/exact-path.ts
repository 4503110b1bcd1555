/**
 * Whether everybody who reads this path reads the same one. What is authorised is forwarded byte for byte, so a path
 * that another server could take for a different one is refused, never cleaned up.
 */
export type PathVerdict = { readonly ok: true } | { readonly ok: false; readonly why: string };

const PLAIN = /^\/[A-Za-z0-9_~!$&'()*+,=:@\-/]*$/;
const FORBIDDEN = /[^\x21-\x7e]|[\\#]/;
const BAD_ESCAPE = /%(?![0-9A-Fa-f]{2})/;
/** NUL and the other controls: C strings end there, logs and headers break there. */
const ESCAPED_CONTROL = /%(?:[01][0-9A-Fa-f]|7[Ff])/;

const OK: PathVerdict = { ok: true };

/** @param path raw, without query */
export function checkPath(path: string): PathVerdict {
  if (PLAIN.test(path)) return OK;
  if (!path.startsWith('/')) return { ok: false, why: 'the path does not begin with a slash' };
  if (FORBIDDEN.test(path)) return { ok: false, why: 'the path holds a byte that does not belong in one' };
  if (BAD_ESCAPE.test(path)) return { ok: false, why: 'the path holds an escape that is none' };
  if (ESCAPED_CONTROL.test(path)) return { ok: false, why: 'the path holds an escaped control character' };
  for (const segment of decodedSegments(path)) {
    // `..;x` is `..` to servers that know path parameters (RFC 3986 §3.3)
    const semicolon = segment.indexOf(';');
    const bare = semicolon < 0 ? segment : segment.slice(0, semicolon);
    if (bare === '.' || bare === '..') return { ok: false, why: 'the path holds dot segments' };
  }
  return OK;
}

/** Query strings mean what the app wants; only what could end the line or begin a fragment is refused. */
export function checkQuery(query: string): PathVerdict {
  return /[^\x21-\x7e]|#/.test(query) ? { ok: false, why: 'the query holds a byte that does not belong in one' } : OK;
}

/** `/.causeway/` is ours on every app host, however it is spelt. */
export function isReservedPath(path: string): boolean {
  if (path.charCodeAt(1) !== 0x2e && path.charCodeAt(1) !== 0x25 && path.charCodeAt(1) !== 0x2f) return false; // hot
  const first = decodedSegments(path).find((segment) => segment !== '');
  return first !== undefined && /^\.causeway(?:;|$)/i.test(first);
}

/** Split where any server might: an escaped slash or backslash separates for some of them. */
function decodedSegments(path: string): string[] {
  return path
    .replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .split(/[/\\]/);
}
