import { readdirSync, readFileSync, statSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';

/** The built portal, read once into memory: requests name a key of a map, never a path of the disk. */
export interface StaticFile {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly type: string;
  readonly cache: string;
}

export type StaticFiles = ReadonlyMap<string, StaticFile>;

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.json': 'application/json',
  '.txt': 'text/plain; charset=utf-8',
  '.woff2': 'font/woff2',
};
const MAX_FILES = 500;
const MAX_BYTES = 32 * 1024 * 1024;

/** Every file of known type below `root`, by URL path; empty when the web pages were never built. */
export function loadStaticFiles(root: string): StaticFiles {
  const files = new Map<string, StaticFile>();
  let bytes = 0;
  for (const path of filesBelow(root)) {
    const type = TYPES[extname(path)];
    if (type === undefined) continue;
    bytes += statSync(path).size;
    if (files.size >= MAX_FILES || bytes > MAX_BYTES) break;
    const url = `/${relative(root, path).split(sep).join('/')}`;
    // The build names assets by their content; everything else may change under its name.
    const cache = url.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache';
    files.set(url, { body: new Uint8Array(readFileSync(path)), type, cache });
  }
  return files;
}

function filesBelow(root: string): string[] {
  try {
    return readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
  } catch {
    return [];
  }
}
