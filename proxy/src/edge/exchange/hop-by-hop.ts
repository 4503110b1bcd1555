/** Headers that speak of one connection (RFC 9110 §7.6.1) and never go further, in either direction. */
export const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-authentication-info',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);

/** What a Connection header names besides, in lower case; `null` for the usual ones, which name nothing. */
export function namedByConnection(connection: string): Set<string> | null {
  if (connection === '' || connection === 'keep-alive' || connection === 'close' || connection === 'Upgrade')
    return null;
  const names = connection
    .toLowerCase()
    .split(',')
    .map((name) => name.trim());
  return new Set(names);
}
