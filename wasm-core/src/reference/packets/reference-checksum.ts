/** The 16-bit one's-complement sum of big-endian words, an odd byte counting as the first of one (RFC 1071). */
export function onesSum(bytes: Uint8Array, from: number, length: number, sum = 0): number {
  for (let i = 0; i < length; i += 2) {
    sum += ((bytes[from + i] ?? 0) << 8) | (i + 1 < length ? (bytes[from + i + 1] ?? 0) : 0);
    if (sum > 0xffff) sum -= 0xffff;
  }
  return sum;
}

export function onesAdd(a: number, b: number): number {
  const sum = a + b;
  return sum > 0xffff ? sum - 0xffff : sum;
}
