import { createSocket } from 'node:dgram';
import { request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { deterministicChunks, deterministicStream, sha256OfStream } from '../harness/bytes.ts';

/** A program: one thing that user does, and its outcome as a line of JSON. `user-client.ts VERB ADDRESS PORT …` */
const [verb = '', host = '', portText = '', seedText = '0', lengthText = '0'] = process.argv.slice(2);
const [port, seed, length] = [Number(portText), Number(seedText), Number(lengthText)];
const LATE_MS = 10_000;

const VERBS: Readonly<Record<string, () => Promise<unknown>>> = {
  download: () =>
    new Promise((resolve, reject) => {
      const asking = request({ host, port, path: `/${seed}/${length}` }, (answer) => resolve(sha256OfStream(answer)));
      asking.on('error', reject).end();
    }),
  upload: () =>
    new Promise((resolve, reject) => {
      const asking = request({ host, port, method: 'POST' }, (answer) => {
        void text(answer).then((json) => resolve(JSON.parse(json)));
      });
      deterministicStream(seed, length).pipe(asking.on('error', reject));
    }),
  /** Sends one datagram of `length` bytes and waits for the same to come back. */
  datagram: () =>
    new Promise((resolve, reject) => {
      const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
      const sent = Buffer.concat([...deterministicChunks(seed, length)]);
      socket.on('error', reject);
      socket.on('message', (message) => resolve({ same: message.equals(sent) }));
      // Connected, so that an ICMP error about it is told.
      socket.connect(port, host, () => socket.send(sent));
    }),
  /** Stays connected until it is ended. */
  hold: () =>
    new Promise((_resolve, reject) => {
      const socket = connect({ host, port });
      socket.on('error', reject).on('connect', () => {
        clearTimeout(timer);
        console.log(JSON.stringify({ connected: true }));
      });
    }),
};

const started = performance.now();
const late = verb === 'download' || verb === 'upload' ? 10 * LATE_MS : LATE_MS;
const timer = setTimeout(() => end({ error: 'late' }), late);

function end(outcome: object): void {
  clearTimeout(timer);
  console.log(JSON.stringify({ ...outcome, ms: Math.round(performance.now() - started) }));
  process.exit(0);
}

await VERBS[verb]?.().then(
  (outcome) => end(Object(outcome) as object),
  (error: unknown) => end({ error: error instanceof Error && 'code' in error ? error.code : String(error) }),
);
