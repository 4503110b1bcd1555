/**
 * Result codes of SQLite that say that the file cannot be worked with, whatever the statement was: locked by somebody
 * else for longer than anything of ours takes, no memory, read-only, I/O error, corrupt, full, cannot be opened, not a
 * database. https://sqlite.org/rescode.html
 */
const LOST: ReadonlySet<number> = new Set([5, 7, 8, 10, 11, 13, 14, 15, 26]);
/** The rest of an extended result code says more of the same. */
const PRIMARY = 0xff;

/** Whether an error of Node's SQLite means that the file is lost; what is wrong with the statement does not. */
export function isSqliteLoss(error: unknown): boolean {
  return (
    error instanceof Error &&
    'errcode' in error &&
    typeof error.errcode === 'number' &&
    LOST.has(error.errcode & PRIMARY)
  );
}
