import { createSocket } from 'node:dgram';
import { createServer } from 'node:http';
import { deterministicStream, sha256OfStream } from '../harness/bytes.ts';

/**
 * A program: what user talks to. HTTP on every port named (GET /SEED/LENGTH gives those bytes, POST tells the hash of
 * what came), UDP on the first of them gives back what it gets. Both families.
 */
const [echoPort = 0, ...otherPorts] = process.argv.slice(2).map(Number);

const servers = [echoPort, ...otherPorts].map((port) => {
  const server = createServer((request, response) => {
    if (request.method === 'POST') {
      void sha256OfStream(request).then((hash) => response.end(JSON.stringify(hash)));
      return;
    }
    const [, seed = 0, length = 0] = (request.url ?? '').split('/').map(Number);
    deterministicStream(seed, length).pipe(response);
  });
  return new Promise((listening) => server.listen(port, '::', () => listening(server)));
});
for (const type of ['udp4', 'udp6'] as const) {
  const echo = createSocket({ type, ipv6Only: type === 'udp6' });
  echo.on('message', (message, { port, address }) => echo.send(message, port, address));
  servers.push(new Promise((listening) => echo.bind(echoPort, () => listening(echo))));
}
await Promise.all(servers);
console.log('serving');
