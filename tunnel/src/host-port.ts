import { CausewayError } from '@causeway/contract';

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** `host:port` or `[v6]:port`. Throws `CW_CONFIG_INVALID`. */
export function parseHostPort(text: string): HostPort {
  const groups = /^(?:\[(?<v6>[^\]]+)\]|(?<host>[^:]+)):(?<port>\d{1,5})$/.exec(text)?.groups;
  const port = Number(groups?.['port']);
  if (groups === undefined || port > 65_535) throw new CausewayError('CW_CONFIG_INVALID', `${text}: not host:port`);
  return { host: groups['v6'] ?? groups['host'] ?? '', port };
}
