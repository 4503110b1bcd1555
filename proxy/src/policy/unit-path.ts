import { organisationalUnit } from '@causeway/contract';

/**
 * The path of an organisational unit as rules compare it. One cut short would be another unit, above it or beside it:
 * what is no path of units is none at all.
 *
 * @param text with slashes at its ends or without
 * @returns `null` where the text names none; `undefined` where it is no path of units
 */
export function unitPath(text: string): string | null | undefined {
  const path = text.trim().replaceAll(/^\/+|\/+$/g, '');
  if (path === '') return null;
  const checked = organisationalUnit.safeParse(path);
  return checked.success && !/\p{Cc}/u.test(path) ? checked.data : undefined;
}
