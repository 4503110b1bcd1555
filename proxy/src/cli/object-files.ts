import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { CausewayError } from '@causeway/contract';
import { readObjects, type DeclaredObject } from './object-documents.ts';

/** What one call of the API takes. */
const MAX_BYTES = 32 * 1024 * 1024;
const MAX_FILES = 10_000;
const READ = /\.(?:ya?ml|json)$/;

/**
 * The objects in files and folders: of a folder every `.yaml`, `.yml` and `.json` in it and below, by name, without what
 * begins with a dot. They keep the order in which they were read.
 *
 * @throws CausewayError `CW_CONFIG_MISSING`; `CW_CONFIG_INVALID` with every problem on a line of its own
 */
export async function objectsIn(places: readonly string[]): Promise<DeclaredObject[]> {
  const files: { path: string; name: string }[] = [];
  for (const place of places) files.push(...(await filesOf(place)));
  if (files.length > MAX_FILES) throw new CausewayError('CW_CONFIG_INVALID', `more than ${MAX_FILES} files`);
  const objects: DeclaredObject[] = [];
  const problems: string[] = [];
  const first = new Map<string, string>();
  let bytes = 0;
  for (const { path, name } of files) {
    const text = await readFile(path, 'utf8').catch(missing(path));
    bytes += text.length;
    if (bytes > MAX_BYTES) throw new CausewayError('CW_CONFIG_INVALID', `more than ${MAX_BYTES} bytes of objects`);
    const read = readObjects(text, name);
    problems.push(...read.problems);
    for (const object of read.objects) {
      const id = `${object.kind}/${object.name}`;
      const before = first.get(id);
      if (before === undefined) first.set(id, object.locate(''));
      else problems.push(`${object.locate('')} ${id} is at ${before} already`);
      objects.push(object);
    }
  }
  if (problems.length > 0) throw new CausewayError('CW_CONFIG_INVALID', problems.join('\n'));
  if (objects.length === 0) throw new CausewayError('CW_CONFIG_INVALID', `no objects in ${places.join(', ')}`);
  return objects;
}

/** @returns files with the names that messages call them */
async function filesOf(place: string): Promise<{ path: string; name: string }[]> {
  const found = await stat(place).catch(missing(place));
  if (!found.isDirectory()) return [{ path: place, name: basename(place) }];
  const entries = await readdir(place, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => (entry.isFile() || entry.isSymbolicLink()) && READ.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ path, name: relative(place, path) }))
    .filter(({ name }) => !/(?:^|[/\\])\./.test(name))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function missing(place: string): (error: unknown) => never {
  return (error) => {
    throw new CausewayError('CW_CONFIG_MISSING', `${place} cannot be read: ${String(error)}`, { cause: error });
  };
}
