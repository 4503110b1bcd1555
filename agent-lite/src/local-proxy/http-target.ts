import { CausewayError } from '@causeway/contract';

export interface HttpTarget {
  readonly host: string;
  readonly port: number;
}

/** `host:port` of a CONNECT request (RFC 9110 §9.3.6). Throws `CW_PROXY_REQUEST`. */
export function authorityTarget(text: string): HttpTarget {
  const groups = /^(?:\[(?<v6>[0-9a-fA-F:.]{2,45})\]|(?<host>[^:@/?#[\]\s]{1,255})):(?<port>\d{1,5})$/.exec(
    text,
  )?.groups;
  const port = Number(groups?.['port']);
  if (groups === undefined || port < 1 || port > 65_535) {
    throw new CausewayError('CW_PROXY_REQUEST', 'CONNECT names host:port');
  }
  return { host: groups['v6'] ?? groups['host'] ?? '', port };
}

export interface AbsoluteTarget extends HttpTarget {
  /** For the Host header. */
  readonly authority: string;
  /** Path and query, as they were written. */
  readonly path: string;
}

/** The absolute form of RFC 9112 §3.2.2, plain http only. Throws `CW_PROXY_REQUEST`. */
export function absoluteTarget(text: string): AbsoluteTarget {
  const parts = /^http:\/\/(?<authority>[^/?#]*)(?<path>[^#]*)$/i.exec(text)?.groups;
  if (parts === undefined) {
    throw new CausewayError('CW_PROXY_REQUEST', 'a proxy request names an absolute http:// URL without a fragment');
  }
  const authority = parts['authority'] ?? '';
  const path = parts['path'] ?? '';
  const target = authorityTarget(/:\d*$/.test(withoutBrackets(authority)) ? authority : `${authority}:80`);
  return { ...target, authority, path: path.startsWith('/') ? path : `/${path}` };
}

/** Colons inside brackets do not begin a port. */
function withoutBrackets(authority: string): string {
  return authority.replace(/^\[[^\]]*\]/, '');
}
