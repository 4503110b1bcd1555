import type { PrivateApp } from '@causeway/contract';

const WITH_AUTHORITY = /^(?:(https?):)?\/\/([^/?#\\]*)(.*)$/is;

/**
 * A redirect to the app's own origin, as the app knows it, leads through the custom URL instead; every other one stays
 * as it is. The part behind the authority is kept byte for byte.
 *
 * @param publicHost host and port that the browser asked for
 */
export function rewriteLocation(location: string, app: PrivateApp, publicHost: string): string {
  const upstream = app.clientless?.upstream;
  const parts = WITH_AUTHORITY.exec(location);
  if (upstream === undefined || parts === null) return location;
  const scheme = (parts[1] ?? upstream.scheme).toLowerCase();
  const authority = (parts[2] ?? '').toLowerCase();
  const rest = parts[3] ?? '';
  const ordinary = upstream.port === (scheme === 'https' ? 443 : 80);
  const host = upstream.host.includes(':') ? `[${upstream.host.toLowerCase()}]` : upstream.host.toLowerCase();
  const ownNames = ordinary ? [host, `${host}:${upstream.port}`] : [`${host}:${upstream.port}`];
  const inside = scheme === upstream.scheme && ownNames.includes(authority);
  // an app behind TLS that was ended in front of it speaks of itself with http
  const itself = authority === publicHost.toLowerCase() && scheme === 'http';
  return inside || itself ? `https://${publicHost}${rest}` : location;
}

/** `Refresh: 5; url=…` */
export function rewriteRefresh(value: string, app: PrivateApp, publicHost: string): string {
  const parts = /^(\s*[\d.]+\s*[;,]\s*(?:url\s*=\s*)?)(["']?)(.*)$/is.exec(value);
  if (parts === null) return value;
  return `${parts[1] ?? ''}${parts[2] ?? ''}${rewriteLocation(parts[3] ?? '', app, publicHost)}`;
}
