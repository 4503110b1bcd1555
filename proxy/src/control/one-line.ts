/** Text of a machine that is not ours, as a person reads it: one line, no control characters or bidirectional overrides. */
export function oneLine(text: string, maxLength: number): string {
  return text
    .replaceAll(/[\p{C}\p{Z}]+/gu, ' ')
    .trim()
    .slice(0, maxLength);
}
