import type { ErrorCode } from '@causeway/contract';

/** Exit codes after sysexits(3), so that scripts can tell a wrong file from a PoP that is not there. */
export const EXIT = { ok: 0, failed: 1, usage: 64, unavailable: 69, denied: 77, config: 78 } as const;

export function exitCodeOf(code: ErrorCode): number {
  switch (code) {
    case 'CW_USAGE':
      return EXIT.usage;
    case 'CW_CONFIG_INVALID':
    case 'CW_CONFIG_MISSING':
    case 'CW_MASTER_KEY_MISSING':
    case 'CW_MASTER_KEY_INVALID':
    case 'CW_MASTER_KEY_WRONG':
    case 'CW_SNAPSHOT_REFUSED':
    case 'CW_INPUT_INVALID':
      return EXIT.config;
    case 'CW_UNAUTHENTICATED':
    case 'CW_FORBIDDEN':
    case 'CW_STEP_UP_REQUIRED':
      return EXIT.denied;
    case 'CW_RPC_CLOSED':
    case 'CW_RPC_TIMEOUT':
      return EXIT.unavailable;
    default:
      return EXIT.failed;
  }
}

/** A terminal gets nothing that it would obey or that turns text round; a file or pipe gets every byte. */
export function say(text: string, out: Pick<NodeJS.WriteStream, 'isTTY' | 'write'> = process.stdout): void {
  const shown = out.isTTY ? terminalText(text) : text;
  out.write(shown.endsWith('\n') ? shown : `${shown}\n`);
}

/** Controls but tab and line break, and what changes the direction of text, as JSON would escape them. */
export function terminalText(text: string): string {
  return text.replaceAll(
    /(?![\t\n])[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu,
    (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** What keeps nothing from being done. */
export function warn(text: string): void {
  process.stderr.write(`! ${printable(text)}\n`);
}

/** What others wrote, without what a terminal would obey. */
export function printable(text: string): string {
  return text.replaceAll(/\p{C}/gu, '·');
}

/** Rows of equal length in columns two spaces apart. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

export function ago(at: number, now = Date.now()): string {
  const seconds = Math.max(0, Math.round((now - at) / 1000));
  if (seconds < 90) return `${seconds} s ago`;
  if (seconds < 5_400) return `${Math.round(seconds / 60)} min ago`;
  return `${Math.round(seconds / 3_600)} h ago`;
}
