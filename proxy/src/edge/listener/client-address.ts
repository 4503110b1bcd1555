/** The peer's address as people write it: a dual-stack socket shows IPv4 as IPv4-mapped IPv6 (RFC 4291 §2.5.5.2). */
export function clientAddress(remote: string | undefined): string {
  if (remote === undefined) return '';
  return remote.startsWith('::ffff:') && remote.includes('.') ? remote.slice(7) : remote;
}
