import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream';
import { parseArgs } from 'node:util';
import { WebSocketServer } from 'ws';
import { deterministicChunks, deterministicStream } from './bytes.ts';

/**
 * A private web application that knows nothing of Causeway: `node private-app.ts [--host H] [--port P]`, one JSON line
 * when it listens. What comes out depends on what goes in and on nothing else.
 *
 *     GET  /                      a page with a form for uploads and a WebSocket console
 *     GET  /bytes/<seed>/<length> a download of deterministic bytes
 *     GET  /endless               a download that never ends, at the speed of its reader
 *     POST /upload                {bytes, sha256} of the body
 *     GET  /who                   the request as it arrived
 *     GET  /host                  the local address that served it
 *     GET  /socket                WebSocket: echoes text and binary as they come; `/endless` of sockets: it ticks
 */
const { values } = parseArgs({
  options: {
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '0' },
    title: { type: 'string', default: 'Private app' },
  },
});

const PAGE = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>${values.title}</title>
<h1>${values.title}</h1>
<p>path <output id="path"></output></p>
<label>File <input type="file" id="file"></label> <button id="send">Upload</button>
<p role="status" id="result"></p>
<p role="log" id="socket"></p>
<script type="module">
document.querySelector('#path').textContent = location.pathname + location.search;
const result = document.querySelector('#result');
document.querySelector('#send').onclick = async () => {
  const answer = await fetch('/upload', { method: 'POST', body: document.querySelector('#file').files[0] });
  result.textContent = await answer.text();
};
const log = document.querySelector('#socket');
const socket = new WebSocket((location.protocol === 'https:' ? 'wss://' : 'ws://') + location.host + '/socket');
socket.binaryType = 'arraybuffer';
socket.onopen = () => { log.textContent = 'open'; };
socket.onclose = () => { log.textContent = 'closed'; };
globalThis.echo = (data) => new Promise((resolve, reject) => {
  socket.addEventListener('message', (event) => resolve(event.data), { once: true });
  socket.addEventListener('close', () => reject(new Error('closed')), { once: true });
  socket.send(data);
});
globalThis.echoesOf = async () => {
  const text = await echo('grüße, 世界 🌍');
  const sent = Uint8Array.from({ length: 2_000_000 }, (_, i) => (i * 31 + (i >>> 8)) & 0xff);
  const back = new Uint8Array(await echo(sent));
  const long = 'ä'.repeat(300_000);
  const binary = back.length === sent.length && back.every((byte, i) => byte === sent[i]);
  return { text, binary, long: (await echo(long)) === long };
};
globalThis.readEndless = async () => {
  let bytes = 0;
  try {
    const reader = (await fetch('/endless')).body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return { bytes, cut: false, at: Date.now() };
      bytes += value.length;
      document.title = String(bytes);
    }
  } catch {
    return { bytes, cut: true, at: Date.now() };
  }
};
globalThis.socketClosed = new Promise((resolve) => socket.addEventListener('close', () => resolve(Date.now())));
</script></html>`;

const server = createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://app');
  const download = /^\/bytes\/(\d+)\/(\d+)$/.exec(url.pathname);
  if (download !== null) return sendBytes(response, Number(download[1]), Number(download[2]));
  if (url.pathname === '/endless') return sendEndless(response);
  if (url.pathname === '/upload' && request.method === 'POST') return receive(request, response);
  if (url.pathname === '/who') return sendJson(response, { url: request.url, headers: request.headers });
  if (url.pathname === '/host') return sendJson(response, { address: request.socket.localAddress });
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
  response.end(PAGE);
});

const sockets = new WebSocketServer({ server, path: '/socket', maxPayload: 16 * 1024 * 1024 });
sockets.on('connection', (socket) => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  socket.on('error', () => socket.terminate());
});

server.listen(Number(values.port), values.host, () => {
  process.stdout.write(`${JSON.stringify({ listening: (server.address() as AddressInfo).port })}\n`);
});
process.once('SIGTERM', () => {
  for (const socket of sockets.clients) socket.terminate();
  server.close();
  server.closeAllConnections();
});

function sendBytes(response: ServerResponse, seed: number, length: number): void {
  response.writeHead(200, {
    'content-type': 'application/octet-stream',
    'content-length': length,
    'content-disposition': `attachment; filename="bytes-${seed}.bin"`,
  });
  pipeline(deterministicStream(seed, length), response, () => undefined);
}

function sendEndless(response: ServerResponse): void {
  response.writeHead(200, {
    'content-type': 'application/octet-stream',
    'content-disposition': 'attachment; filename="endless.bin"',
  });
  const chunks = deterministicChunks(1, Number.MAX_SAFE_INTEGER);
  // Paced, so that a run of tests is not one long race of copies: about 5 MB a second.
  const timer = setInterval(() => {
    const chunk = chunks.next();
    if (chunk.done !== true && response.writableLength < 1024 * 1024) response.write(chunk.value);
  }, 12);
  response.once('close', () => clearInterval(timer));
}

function receive(request: IncomingMessage, response: ServerResponse): void {
  const hash = createHash('sha256');
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    hash.update(chunk);
    bytes += chunk.length;
  });
  request.once('end', () => sendJson(response, { bytes, sha256: hash.digest('hex') }));
  request.once('error', () => response.destroy());
}

function sendJson(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}
