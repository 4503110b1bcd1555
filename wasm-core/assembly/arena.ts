/**
 * The one allocator of an instance: a bump pointer over linear memory, nothing is ever given back. What comes and goes
 * (sessions) is pooled by its owner.
 *
 *     0            __heap_base                    top                memory.size()
 *     | globals      | blocks, 16-byte aligned ... | free            |
 *
 * Growing detaches every view that JavaScript holds, so the face re-reads `memory.buffer` after each call that may
 * allocate.
 */
let top: usize = (__heap_base + 15) & ~15;

/** @returns the address of `size` bytes, aligned to 16, not cleared where reused; 0 when the memory's maximum is reached. */
export function alloc(size: usize): usize {
  const at = top;
  const end = <u64>at + ((<u64>size + 15) & ~15);
  const have = (<u64>memory.size()) << 16;
  if (end > have) {
    const need = <i32>((end - have + 0xffff) >> 16);
    // An eighth more than needed, so that a million small blocks do not mean a thousand detached views.
    const step = max<i32>(need, memory.size() >> 3);
    if (memory.grow(step) < 0 && memory.grow(need) < 0) return 0;
  }
  top = <usize>end;
  return at;
}
