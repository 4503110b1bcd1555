import { addressNumber, canonicalName, CausewayError } from '@causeway/contract';

/** What is connected to: always an address, never a name. */
export interface Target {
  readonly address: string;
  readonly port: number;
}

/**
 * Names that the publisher's own configuration pins, `intranet.corp.example: 10.0.0.5` for every port, or
 * `intranet.corp.example:80: 127.0.0.1:18080` for one. The allow-list still judges what they lead to.
 */
export class TargetMap {
  readonly #pins = new Map<string, { address: string; port: number | null }>();

  /** Throws `CW_CONFIG_INVALID` saying what is wrong with the entry. */
  constructor(entries: Readonly<Record<string, string>>) {
    for (const [from, to] of Object.entries(entries)) {
      const source = splitPort(from);
      const target = splitPort(to);
      const name = canonicalName(source.host);
      if (name === null || addressNumber(target.host) === null || (source.port === null) !== (target.port === null)) {
        throw new CausewayError('CW_CONFIG_INVALID', `${from}: ${to}: write NAME: ADDRESS or NAME:PORT: ADDRESS:PORT`);
      }
      this.#pins.set(source.port === null ? name : `${name}:${source.port}`, {
        address: target.host,
        port: target.port,
      });
    }
  }

  /** @param host canonical name */
  find(host: string, port: number): Target | null {
    const pin = this.#pins.get(`${host}:${port}`) ?? this.#pins.get(host);
    return pin === undefined ? null : { address: pin.address, port: pin.port ?? port };
  }
}

/** `name`, `name:80`, `10.0.0.1:80`, `::1`, `[::1]`, `[::1]:80`; a port outside 1 to 65535 leaves the host malformed. */
function splitPort(text: string): { host: string; port: number | null } {
  const groups = /^(?:\[(?<v6>[^\]]+)\]|(?<host>[^[\]:]+))(?::(?<port>\d{1,5}))?$/.exec(text)?.groups;
  if (groups === undefined) return { host: text, port: null };
  const port = groups['port'] === undefined ? null : Number(groups['port']);
  if (port !== null && (port < 1 || port > 65_535)) return { host: '', port };
  return { host: groups['v6'] ?? groups['host'] ?? '', port };
}
