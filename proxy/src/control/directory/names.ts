import { CausewayError } from '@causeway/contract';

/** How names are compared: `Ann` and `ann` are one person, and so are two spellings that look the same. */
export function nameKey(name: string): string {
  return name.normalize('NFC').toLowerCase();
}

/** The id that others see of a row of `directory_user` or `directory_group`. */
export function idOf(kind: 'u' | 'g', seq: number): string {
  return `${kind}${seq}`;
}

/** The row behind an id; `null` where it can be none. */
export function seqOf(kind: 'u' | 'g', id: string): number | null {
  if (!/^[ug][1-9]\d{0,14}$/.test(id) || id[0] !== kind) return null;
  return Number(id.slice(1));
}

const NAME_MAX = 255;

/** @throws CausewayError `CW_REQUEST_INVALID` where it is empty, longer than 255 or holds control characters */
export function checkedName(what: string, name: string): string {
  if (name.trim() === '' || name.length > NAME_MAX || /\p{Cc}/u.test(name)) {
    throw new CausewayError(
      'CW_REQUEST_INVALID',
      `${what} is 1 to ${NAME_MAX} characters, none of them a control character`,
    );
  }
  return name;
}
