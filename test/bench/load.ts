import { runProgram } from '../harness/program.ts';
import { OTHER_CORE } from './pinning.ts';

export interface Target {
  readonly port: number;
  /** Name and port that the request's Host carries. */
  readonly authority: string;
  readonly path: string;
  readonly cookie: string | null;
}

function cookieHeader({ cookie }: Target): string[] {
  return cookie === null ? [] : ['-H', `Cookie: ${cookie}`];
}

function urlOf({ authority, path }: Target): string {
  return `https://${authority}${path}`;
}

function figure(text: string, pattern: RegExp, what: string): number {
  const found = pattern.exec(text);
  if (found?.[1] === undefined) throw new Error(`no ${what} in:\n${text}`);
  return Number(found[1]);
}

/**
 * wrk on one thread for so many seconds. It takes SNI from the URL and asks the resolver, which knows nothing below
 * `localhost` on Debian; so it runs in a mount namespace of its own, where the hosts file does.
 *
 * @returns answered requests, every one of them 2xx or 3xx
 */
export async function wrk(target: Target, connections: number, seconds: number, hostsFile: string): Promise<number> {
  const load = ['wrk', '-t1', `-c${connections}`, `-d${seconds}s`, ...cookieHeader(target), urlOf(target)];
  const script = 'mount --bind "$1" /etc/hosts && shift && exec "$@"';
  const args = ['-rm', 'sh', '-c', script, 'sh', hostsFile, 'taskset', '-c', String(OTHER_CORE), ...load];
  const { out, err, code } = await runProgram({ name: 'wrk', command: 'unshare', args }, (seconds + 30) * 1_000);
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
    ...cookieHeader(target),
    `--connect-to=127.0.0.1:${target.port}`,
    urlOf(target),
  ];
  const { out, err, code } = await runProgram({ name: 'h2load', command: 'taskset', args }, 180_000);
  const done = code === 0 ? figure(out, /(\d+) 2xx/, 'status codes') : 0;
  if (done !== requests) throw new Error(`h2load: ${done} of ${requests} answered:\n${out}${err}`);
  return requests * bodyBytes;
}
