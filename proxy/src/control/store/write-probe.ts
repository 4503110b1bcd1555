import { randomBytes } from 'node:crypto';

/**
 * A write that asks whether the store takes writes. It is larger than what a full disk may still have room for, and does
 * not compress.
 */
export const WRITE_PROBE = {
  postgres: 'insert into probe (id, filler) values (1, $1) on conflict (id) do update set filler = excluded.filler',
  sqlite: 'insert into probe (id, filler) values (1, ?) on conflict (id) do update set filler = excluded.filler',
} as const;

const FILLER_BYTES = 48 * 1_024;

export function writeFiller(): string {
  return randomBytes(FILLER_BYTES).toString('base64');
}
