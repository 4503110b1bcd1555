import type { HostPattern } from '@causeway/contract';
import type { SteeringEntry } from '../steering.ts';

const V4_FIRST = 0xffff_0000_0000n;
const V4_LAST = 0xffff_ffff_ffffn;

/**
 * A proxy auto-config file that sends what is steered to the local proxy and nothing else. It resolves nothing, so
 * that asking for a public site never costs a look-up, and is written for the oldest engines (ES3).
 */
export function pacFile(entries: readonly SteeringEntry[], port: number): string {
  const rows = entries.flatMap((entry) => {
    const match = matcher(entry.pattern);
    return match === null ? [] : [[...match, ...entry.ports.flatMap(({ from, to }) => [from, to])]];
  });
  return `// Private apps of this device's person; everything else goes direct.
var rows = ${JSON.stringify(rows)};
function number(host) {
  var parts = /^(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})$/.exec(host);
  return parts === null ? -1 : ((+parts[1] * 256 + +parts[2]) * 256 + +parts[3]) * 256 + +parts[4];
}
function FindProxyForURL(url, host) {
  var name = host.toLowerCase().replace(/\\.$/, '');
  var address = number(name);
  var named = /^[a-z]+:\\/\\/(?:[^\\/@]*@)?(?:\\[[^\\]]*\\]|[^:\\/?#]*):(\\d+)/i.exec(url);
  var port = named !== null ? +named[1] : /^(?:https|wss):/i.test(url) ? 443 : 80;
  for (var i = 0; i < rows.length; i++) {
    var row = rows[i];
    var hit =
      row[0] === 'name' ? name === row[1]
      : row[0] === 'below' ? name.length > row[1].length && name.slice(-row[1].length) === row[1]
      : address >= row[1] && address <= row[2];
    if (!hit) continue;
    for (var p = row[0] === 'range' ? 3 : 2; p < row.length; p += 2) {
      if (port >= row[p] && port <= row[p + 1]) return 'PROXY 127.0.0.1:${port}';
    }
  }
  return 'DIRECT';
}
`;
}

/** Blocks of IPv6 addresses are left out: the engines disagree on how a literal reaches the function. */
function matcher(pattern: HostPattern): readonly (string | number)[] | null {
  switch (pattern.kind) {
    case 'name':
      return ['name', pattern.name];
    case 'wildcard':
      return ['below', `.${pattern.suffix}`];
    case 'range':
      if (pattern.from < V4_FIRST || pattern.to > V4_LAST) return null;
      return ['range', Number(pattern.from - V4_FIRST), Number(pattern.to - V4_FIRST)];
  }
}
