import { isOurCookie } from './cookies.ts';

/**
 * What becomes of a cookie that the app sets. Our names are dropped. A Domain that reaches beyond the app's own custom
 * URLs would give the cookie to other apps: within the access domain the cookie is dropped, and a foreign Domain (the
 * name that the app has inside) is taken off, which leaves the cookie to this host alone.
 *
 * @returns the header value to send, `null` to drop it
 */
export function filterSetCookie(
  value: string,
  zone: { readonly host: string; readonly urls: readonly string[]; readonly accessDomain: string },
): string | null {
  const attributes = value.split(';');
  const pair = attributes[0] ?? '';
  const equals = pair.indexOf('=');
  // without `=` the whole pair is the value of a nameless cookie, and browsers send it back as it stands
  if (isOurCookie((equals < 0 ? pair : pair.slice(0, equals)).trim())) return null;
  if (equals >= 0 && pair.slice(0, equals).trim() === '' && isOurCookie(namelessName(pair.slice(equals + 1))))
    return null;
  if (attributes.length === 1) return value;
  const kept = [pair];
  for (const attribute of attributes.slice(1)) {
    const domain = domainOf(attribute);
    if (domain === null) kept.push(attribute);
    else if (zone.urls.includes(domain) && (zone.host === domain || zone.host.endsWith(`.${domain}`)))
      kept.push(attribute);
    else if (domain === zone.accessDomain || domain.endsWith(`.${zone.accessDomain}`)) return null;
    else if (zone.accessDomain.endsWith(`.${domain}`)) return null;
  }
  return kept.join(';');
}

/** `=__Host-cw=x` is a nameless cookie that would come back looking like ours. */
function namelessName(value: string): string {
  const equals = value.indexOf('=');
  return (equals < 0 ? value : value.slice(0, equals)).trim();
}

function domainOf(attribute: string): string | null {
  const equals = attribute.indexOf('=');
  if (equals < 0 || attribute.slice(0, equals).trim().toLowerCase() !== 'domain') return null;
  return attribute
    .slice(equals + 1)
    .trim()
    .toLowerCase()
    .replace(/^\./, '');
}
