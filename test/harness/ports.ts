import { connect, createServer } from 'node:net';

/**
 * Below the ports that the kernel gives to outgoing connections, so that none takes one between its finding and its use,
 * and a range for each of vitest's workers, so that two test files at once never find the same.
 */
const FIRST_PORT = 12_000;
const PORTS_OF_A_WORKER = 1_000;
const WORKERS = 20;
const worker = Number(process.env['VITEST_POOL_ID'] ?? 0) % WORKERS;
let next = process.pid % PORTS_OF_A_WORKER;

/** Distinct ports that nothing listens on at the moment, on all addresses of this machine; never one that was given before. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  for (let tried = 0; ports.length < count; tried++) {
    if (tried === PORTS_OF_A_WORKER) throw new Error('no free port');
    const port = FIRST_PORT + worker * PORTS_OF_A_WORKER + next;
    next = (next + 1) % PORTS_OF_A_WORKER;
    if (await isFree(port)) ports.push(port);
  }
  return ports;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
}

export async function freePort(): Promise<number> {
  const [port] = await freePorts(1);
  if (port === undefined) throw new Error('no free port');
  return port;
}

/** Whether something accepts connections there. */
export function accepts(port: number, host = '127.0.0.1', timeoutMs = 2_000): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host });
    const answer = (open: boolean): void => {
      socket.destroy();
      resolve(open);
    };
    socket.setTimeout(timeoutMs, () => answer(false));
    socket.once('connect', () => answer(true));
    socket.once('error', () => answer(false));
  });
}
