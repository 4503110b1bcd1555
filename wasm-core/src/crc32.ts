/** T[256 k + byte] is what a byte does to the checksum when k more bytes follow it: sixteen at a time ("slicing"). */
const T = new Int32Array(16 * 256);
for (let byte = 0; byte < 256; byte++) {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  T[byte] = value;
}
for (let at = 256; at < T.length; at++) {
  const before = T[at - 256] ?? 0;
  T[at] = (T[before & 0xff] ?? 0) ^ (before >>> 8);
}

/** What the four bytes of a little-endian word do when `k` more follow the last of them. */
function word(value: number, k: number): number {
  return (
    (T[256 * (k + 3) + (value & 0xff)] ?? 0) ^
    (T[256 * (k + 2) + ((value >>> 8) & 0xff)] ?? 0) ^
    (T[256 * (k + 1) + ((value >>> 16) & 0xff)] ?? 0) ^
    (T[256 * k + (value >>> 24)] ?? 0)
  );
}

/** CRC-32 (ISO 3309). Against accidents, not against an author: what hostile bytes may do is checked separately. */
export function crc32(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let crc = -1;
  let at = 0;
  for (; at + 16 <= bytes.length; at += 16) {
    crc =
      word(view.getInt32(at, true) ^ crc, 12) ^
      word(view.getInt32(at + 4, true), 8) ^
      word(view.getInt32(at + 8, true), 4) ^
      word(view.getInt32(at + 12, true), 0);
  }
  for (; at < bytes.length; at++) crc = (T[(crc ^ (bytes[at] ?? 0)) & 0xff] ?? 0) ^ (crc >>> 8);
  return ~crc >>> 0;
}
