import { watch, type FSWatcher } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import type { Logger } from './log.ts';

/** Notices that one of some files changed, whether it was written in place, replaced, or its folder's link swapped. */
export interface ConfigWatch {
  /** These files and no longer others. */
  follow(files: readonly string[]): void;
  close(): void;
}

const SETTLE_MS = 150;

/** Watches the folders, because an editor replaces a file and leaves a watch on the old one behind. */
export function watchFiles(onChange: () => void, log: Logger, settleMs = SETTLE_MS): ConfigWatch {
  const folders = new Map<string, { watcher: FSWatcher; names: Set<string> }>();
  let timer: NodeJS.Timeout | null = null;

  const changed = (folder: string, name: string | null): void => {
    const names = folders.get(folder)?.names;
    // Volumes of orchestrators swap a link `..data` instead of the files.
    if (name !== null && names?.has(name) !== true && name !== '..data') return;
    if (timer !== null) clearTimeout(timer);
    timer = setTimeout(onChange, settleMs);
  };

  return {
    follow(files) {
      const wanted = new Map<string, Set<string>>();
      for (const file of files) {
        const folder = dirname(resolve(file));
        wanted.set(folder, (wanted.get(folder) ?? new Set()).add(basename(file)));
      }
      for (const [folder, { watcher }] of folders) {
        if (wanted.has(folder)) continue;
        watcher.close();
        folders.delete(folder);
      }
      for (const [folder, names] of wanted) {
        const present = folders.get(folder);
        if (present !== undefined) {
          present.names = names;
          continue;
        }
        try {
          const watcher = watch(folder, { persistent: false }, (_event, name) => changed(folder, name));
          watcher.on('error', (error) => log.warn({ err: error, folder }, 'the folder is no longer watched'));
          folders.set(folder, { watcher, names });
        } catch (error) {
          log.warn({ err: error, folder }, 'the folder cannot be watched: use `causeway reload`');
        }
      }
    },
    close() {
      if (timer !== null) clearTimeout(timer);
      for (const { watcher } of folders.values()) watcher.close();
      folders.clear();
    },
  };
}
