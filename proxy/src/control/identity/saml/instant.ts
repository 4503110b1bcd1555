/** How far the identity provider's clock and ours may be apart. */
export const SKEW_MS = 60_000;

const UTC = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?Z$/;

/** An xs:dateTime in UTC as saml-core §1.3.3 demands it, in milliseconds since 1970; `null` for anything else. */
export function instant(text: string | null): number | null {
  if (text === null || !UTC.test(text)) return null;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : at;
}
