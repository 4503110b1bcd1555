/** One look at the headers of a request: what several passes need, told from the raw list and nothing merged yet. */
export interface RequestHead {
  /** In lower case, in order; `values[i]` belongs to `names[i]`. */
  readonly names: readonly string[];
  readonly values: readonly string[];
  readonly hosts: number;
  readonly host: string;
  readonly cookie: string;
  readonly connection: string;
  readonly upgrade: string;
  readonly transferEncoding: string | null;
  readonly contentLength: boolean;
  readonly origin: string | null;
  readonly fetchMode: string | null;
  readonly accept: string;
  readonly longestName: number;
}

/** @param raw name, value, name, value … as `IncomingMessage.rawHeaders` */
export function scanHead(raw: readonly string[]): RequestHead {
  const count = raw.length >> 1;
  const names: string[] = [];
  const values: string[] = [];
  let hosts = 0;
  let host = '';
  let cookie = '';
  let connection = '';
  let upgrade = '';
  let transferEncoding: string | null = null;
  let contentLength = false;
  let origin: string | null = null;
  let fetchMode: string | null = null;
  let accept = '';
  let longestName = 0;
  for (let i = 0; i < count; i++) {
    const name = (raw[2 * i] ?? '').toLowerCase();
    const value = raw[2 * i + 1] ?? '';
    names.push(name);
    values.push(value);
    if (name.length > longestName) longestName = name.length;
    switch (name) {
      case 'host':
        hosts++;
        host = value;
        break;
      case 'cookie':
        cookie = cookie === '' ? value : `${cookie}; ${value}`;
        break;
      case 'connection':
        connection = connection === '' ? value : `${connection},${value}`;
        break;
      case 'upgrade':
        upgrade = upgrade === '' ? value : `${upgrade},${value}`;
        break;
      case 'transfer-encoding':
        transferEncoding = transferEncoding === null ? value : `${transferEncoding},${value}`;
        break;
      case 'content-length':
        contentLength = true;
        break;
      case 'origin':
        origin = origin === null ? value : `${origin},${value}`; // two are no origin at all
        break;
      case 'sec-fetch-mode':
        fetchMode = value;
        break;
      case 'accept':
        accept = value;
        break;
    }
  }
  return {
    names,
    values,
    hosts,
    host,
    cookie,
    connection,
    upgrade,
    transferEncoding,
    contentLength,
    origin,
    fetchMode,
    accept,
    longestName,
  };
}
