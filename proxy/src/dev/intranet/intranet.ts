import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { FILES_SCRIPT, LIVE_SCRIPT, LOGO, STYLE } from './assets.ts';
import { Files } from './files.ts';
import { cookiesOf, send, sendJson, serve, wholeNumber, type Exchange } from './http.ts';
import { serveLiveSocket } from './live-socket.ts';
import { filesPage, homePage, livePage, page, teamPage, whoamiPage } from './pages.ts';
import { pseudoRandomStream } from './pseudo-random.ts';

const MAX_BIG = 64 * 1024 ** 3;
const DRIP_MS = 200;

const html = (exchange: Exchange, body: string, headers = {}): void => send(exchange, 200, 'text/html', body, headers);

const asset =
  (type: string, body: string) =>
  (exchange: Exchange): void =>
    send(exchange, 200, type, body, { 'cache-control': 'max-age=60' });

/** The demo's private web application. `stop` ends its WebSockets; the server is the caller's to close. */
export function intranet(dataDir: string): { readonly server: Server; readonly stop: () => void } {
  const files = new Files(join(dataDir, 'files'));
  const server = createServer(
    serve({
      'GET /': (exchange) => {
        const visits = (wholeNumber(cookiesOf(exchange.request).get('visits') ?? null, 0, 1e9) ?? 0) + 1;
        html(exchange, homePage(visits), { 'set-cookie': `visits=${visits}; Path=/; SameSite=Lax` });
      },
      'GET /teams/platform': (exchange) => html(exchange, teamPage(exchange.url.searchParams.get('tab'))),
      'GET /whoami': (exchange) => {
        const raw = exchange.request.rawHeaders;
        const headers = raw.flatMap((name, i) => (i % 2 === 0 ? [[name, raw[i + 1] ?? ''] as const] : []));
        if (exchange.request.headers.accept?.includes('application/json')) sendJson(exchange, 200, { headers });
        else html(exchange, whoamiPage(headers));
      },
      'GET /files': async (exchange) => html(exchange, filesPage(await files.list())),
      'POST /files': (exchange) => files.receive(exchange),
      'GET /files/': (exchange) => files.give(exchange),
      'GET /big': sendBig,
      'GET /slow-stream': drip,
      'GET /live': (exchange) => html(exchange, livePage()),
      // An absolute address of the app's own origin, as it sees itself: what a proxy has to map back.
      'GET /go': (exchange) =>
        send(exchange, 302, 'text/plain', 'moved\n', {
          location: `http://${exchange.request.headers.host ?? 'intranet.corp.example'}/handbook`,
        }),
      'GET /handbook': (exchange) =>
        html(exchange, page('Handbook', '/handbook', '<p>You came here by a redirect to an absolute address.</p>')),
      'GET /assets/style.css': asset('text/css', STYLE),
      'GET /assets/logo.svg': asset('image/svg+xml', LOGO),
      'GET /assets/live.js': asset('text/javascript', LIVE_SCRIPT),
      'GET /assets/files.js': asset('text/javascript', FILES_SCRIPT),
    }),
  );
  return { server, stop: serveLiveSocket(server) };
}

/** `GET /big?bytes=N&seed=S`: a download of any size that costs no disk. */
async function sendBig(exchange: Exchange): Promise<void> {
  const query = exchange.url.searchParams;
  const bytes = wholeNumber(query.get('bytes'), 0, MAX_BIG);
  const seed = wholeNumber(query.get('seed') ?? '1', 0, 0xffff_ffff);
  if (bytes === null || seed === null) {
    return sendJson(exchange, 400, { error: 'bytes and seed are whole numbers' });
  }
  exchange.response.writeHead(200, {
    'content-type': 'application/octet-stream',
    'content-length': bytes,
    'content-disposition': `attachment; filename="big-${bytes}-${seed}.bin"`,
  });
  if (exchange.request.method === 'HEAD') exchange.response.end();
  else await pipeline(pseudoRandomStream(seed, bytes), exchange.response);
}

/** `GET /slow-stream`: a line now and then, for ever, to a reader who keeps up. */
function drip({ request, response }: Exchange): void {
  response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' });
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  let line = 0;
  response.write(`${line}\n`);
  const timer = setInterval(() => {
    if (!response.writableNeedDrain) response.write(`${++line}\n`);
  }, DRIP_MS);
  response.once('close', () => clearInterval(timer));
}
