import { createHash } from 'node:crypto';
import http, { type IncomingMessage } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';

/** A small app for tests, and what it was asked. */
export class FakeOrigin {
  readonly requests: { method: string; url: string; headers: IncomingMessage['headers']; raw: string[] }[] = [];
  readonly #server: http.Server;
  readonly #garbage: net.Server;
  readonly #sockets = new WebSocketServer({ noServer: true });
  /** Answer of the raw port, whatever it is asked. */
  garbage = 'this is not HTTP\r\n\r\n';

  private constructor() {
    this.#server = http.createServer((request, response) => {
      this.requests.push({
        method: request.method ?? '',
        url: request.url ?? '',
        headers: request.headers,
        raw: request.rawHeaders,
      });
      this.#answer(request, response);
    });
    this.#server.on('upgrade', (request, socket, head) => {
      this.requests.push({ method: 'GET', url: request.url ?? '', headers: request.headers, raw: request.rawHeaders });
      this.#sockets.handleUpgrade(request, socket, head, (ws) => {
        ws.on('message', (data, binary) => ws.send(data as Buffer, { binary }));
      });
    });
    this.#garbage = net.createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.on('data', () => socket.write(this.garbage));
    });
  }

  static async listen(): Promise<FakeOrigin> {
    const origin = new FakeOrigin();
    await Promise.all(
      [origin.#server, origin.#garbage].map(
        (server) => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve())),
      ),
    );
    return origin;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get garbagePort(): number {
    return (this.#garbage.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const client of this.#sockets.clients) client.terminate();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    await new Promise((resolve) => this.#garbage.close(resolve));
  }

  #answer(request: IncomingMessage, response: http.ServerResponse): void {
    const url = new URL(request.url ?? '/', 'http://origin');
    if (url.pathname === '/upload') {
      const hash = createHash('sha256');
      let bytes = 0;
      request.on('data', (chunk: Buffer) => {
        hash.update(chunk);
        bytes += chunk.length;
      });
      request.on('end', () => response.end(JSON.stringify({ bytes, sha256: hash.digest('hex') })));
    } else if (url.pathname === '/download') {
      sendPattern(response, Number(url.searchParams.get('bytes')));
    } else if (url.pathname === '/endless') {
      const timer = setInterval(() => response.write('tick\n'), 20);
      response.once('close', () => clearInterval(timer));
    } else if (url.pathname === '/cookies') {
      response.setHeader('set-cookie', [
        '__Host-cw=stolen; Path=/; Secure',
        'app=1',
        'wide=1; Domain=causeway.localhost',
      ]);
      response.end('cookies');
    } else if (url.pathname === '/away') {
      response.writeHead(302, { location: `http://intranet.corp.example/next?x=1` }).end();
    } else if (url.pathname === '/early') {
      response.writeHead(413, { connection: 'close' }).end('too large');
    } else if (request.method === 'DELETE') {
      request.resume().on('end', () => response.end('deleted'));
    } else response.setHeader('content-type', 'text/html').end(`<h1>${url.pathname}</h1>`);
  }
}

/** Bytes that repeat with a prime period, so that a lost or doubled piece shows. */
export function pattern(length: number, from = 0): Buffer {
  const out = Buffer.allocUnsafe(length);
  for (let i = 0; i < length; i++) out[i] = (from + i) % 251;
  return out;
}

function sendPattern(response: http.ServerResponse, length: number): void {
  response.setHeader('content-length', String(length));
  let sent = 0;
  const more = (): void => {
    while (sent < length) {
      const piece = pattern(Math.min(65_536, length - sent), sent);
      sent += piece.length;
      if (!response.write(piece)) {
        response.once('drain', more);
        return;
      }
    }
    response.end();
  };
  more();
}
