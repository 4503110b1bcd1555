const MAX_SHOWN = 80;
const SHOWN_END = 4;

/**
 * What may be shown of a find: its shape and its last characters, four at most and a quarter of it, so that who knows
 * the original recognises it and nobody else can use it.
 */
export function redacted(find: string): string {
  const characters = Array.from(find.slice(-2 * MAX_SHOWN)).slice(-MAX_SHOWN);
  const telling = characters.filter((one) => /[\p{L}\p{N}]/u.test(one)).length;
  let hidden = telling - Math.min(SHOWN_END, Math.floor(telling / 4));
  return characters
    .map((one) => {
      if (/[\p{Cc}\p{Cf}]/u.test(one)) return ' ';
      if (!/[\p{L}\p{N}]/u.test(one)) return one;
      return hidden-- > 0 ? '•' : one;
    })
    .join('');
}
