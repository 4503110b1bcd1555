import { runProgram } from '../harness/program.ts';
import { OTHER_CORE } from './pinning.ts';

export interface Target {
  readonly port: number;
  /** Name and port that the request's Host carries. */
  readonly authority: string;
  readonly path: string;
  readonly cookie: string | null;
}

function headers({ authority, cookie }: Target): string[] {
  return ['-H', `Host: ${authority}`, ...(cookie === null ? [] : ['-H', `Cookie: ${cookie}`])];
}

function figure(text: string, pattern: RegExp, what: string): number {
  const found = pattern.exec(text);
  if (found?.[1] === undefined) throw new Error(`no ${what} in:\n${text}`);
  return Number(found[1]);
}

/** wrk on one thread for so many seconds. @returns answered requests, every one of them 2xx or 3xx */
export async function wrk(target: Target, connections: number, seconds: number): Promise<number> {
  const url = `https://127.0.0.1:${target.port}${target.path}`;
  const args = ['-c', String(OTHER_CORE), 'wrk', '-t1', `-c${connections}`, `-d${seconds}s`, ...headers(target), url];
  const { out, err, code } = await runProgram({ name: 'wrk', command: 'taskset', args }, (seconds + 30) * 1_000);
  if (code !== 0 || out.includes('Non-2xx')) throw new Error(`wrk failed:\n${out}${err}`);
  return figure(out, /(\d+) requests in/, 'request count');
}

/** h2load over HTTP/1.1: exactly so many requests. @returns the bytes of the bodies */
export async function h2load(
  target: Target,
  connections: number,
  requests: number,
  bodyBytes: number,
): Promise<number> {
  const args = [
    '-c',
    String(OTHER_CORE),
    'h2load',
    '--h1',
    `-n${requests}`,
    `-c${connections}`,
    '-t1',
    '-T60',
    ...headers(target),
    `https://127.0.0.1:${target.port}${target.path}`,
  ];
  const { out, err, code } = await runProgram({ name: 'h2load', command: 'taskset', args }, 180_000);
  const done = code === 0 ? figure(out, /(\d+) 2xx/, 'status codes') : 0;
  if (done !== requests) throw new Error(`h2load: ${done} of ${requests} answered:\n${out}${err}`);
  return requests * bodyBytes;
}
