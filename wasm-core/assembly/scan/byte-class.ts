/** Which bytes of a vector are of a class, told by SCAN_CLASS_*. */
function membersOf(text: v128, lower: v128, upper: v128, bits: v128, index: v128, top: v128): u64 {
  // An index of 16 and more gives 0, so the top bit chooses between the tables.
  const row = v128.or(
    v128.swizzle(lower, v128.and(text, index)),
    v128.swizzle(upper, v128.and(v128.xor(text, top), index)),
  );
  const bit = v128.swizzle(bits, i8x16.shr_u(text, 4));
  return <u64>(<u32>i8x16.bitmask(i8x16.eq(v128.and(row, bit), bit)));
}

/** A bit for each of the 64 bytes at `at` that is of the class. */
export function members(at: usize, lower: v128, upper: v128, bits: v128): u64 {
  const index = i8x16.splat(<i8>0x8f);
  const top = i8x16.splat(<i8>0x80);
  return (
    membersOf(v128.load(at), lower, upper, bits, index, top) |
    (membersOf(v128.load(at, 16), lower, upper, bits, index, top) << 16) |
    (membersOf(v128.load(at, 32), lower, upper, bits, index, top) << 32) |
    (membersOf(v128.load(at, 48), lower, upper, bits, index, top) << 48)
  );
}
