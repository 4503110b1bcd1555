const ALWAYS: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/**
 * The headers that go on to the next hop, in order and with duplicates: without those that belong to one connection
 * and those that `Connection` names (RFC 9110 §7.6.1).
 *
 * @param raw name, value, name, value, as `IncomingMessage.rawHeaders`
 */
export function endToEndHeaders(raw: readonly string[], also: readonly string[] = []): string[] {
  const pairs = Array.from({ length: raw.length >> 1 }, (_, i) => [raw[2 * i] ?? '', raw[2 * i + 1] ?? ''] as const);
  const dropped = new Set([...ALWAYS, ...also]);
  for (const [name, value] of pairs) {
    if (name.toLowerCase() !== 'connection') continue;
    for (const token of value.split(',')) dropped.add(token.trim().toLowerCase());
  }
  // A body's length is never of one connection, whatever Connection says: without it the next hop would guess.
  dropped.delete('content-length');
  return pairs.flatMap(([name, value]) => (dropped.has(name.toLowerCase()) ? [] : [name, value]));
}
