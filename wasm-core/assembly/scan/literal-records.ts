import {
  SCAN_LITERAL_BYTES,
  SCAN_LITERAL_FOLD,
  SCAN_LITERAL_INDEX,
  SCAN_LITERAL_LENGTH,
  SCAN_LITERAL_MASK,
  SCAN_LITERAL_REST,
  SCAN_LITERAL_TEXT,
} from '../layout.gen';
import { addOrderedHit, input, remembered } from './stream';

/**
 * Literals as they are compared whole, backwards from where they may end, so that nothing but history is needed where
 * a chunk ends. A byte b equals the literal's when (b | fold) & mask == text.
 *
 *     literals  64 B × n   SCAN_LITERAL_*: the last 16 bytes as three vectors, length, index, place in `rests`
 *     rests      2 B × m   for literals over 16 bytes, from the 17th last backwards: {text u8, fold u8}
 */
let literals: usize = 0;
let rests: usize = 0;

export function literalBytes(count: u32, restBytes: u32): usize {
  return <usize>count * SCAN_LITERAL_BYTES + <usize>restBytes;
}

export function setLiterals(at: usize, count: u32): void {
  literals = at;
  rests = at + <usize>count * SCAN_LITERAL_BYTES;
}

/** Compares the literals [first, end) with the text that ends with byte `at` of the chunk, and adds hits. */
export function compareLiterals(first: u32, end: u32, at: i32): void {
  const last = input() + <usize>at;
  const text = v128.load(last - 15);
  const available = at + 1 + remembered();
  const behind = literals + <usize>end * SCAN_LITERAL_BYTES;
  for (let literal = literals + <usize>first * SCAN_LITERAL_BYTES; literal < behind; literal += SCAN_LITERAL_BYTES) {
    const folded = v128.and(
      v128.or(text, v128.load(literal, SCAN_LITERAL_FOLD)),
      v128.load(literal, SCAN_LITERAL_MASK),
    );
    if (v128.any_true(v128.xor(folded, v128.load(literal, SCAN_LITERAL_TEXT)))) continue;
    const length = load<u32>(literal, SCAN_LITERAL_LENGTH);
    if (<i32>length > available) continue;
    let rest = rests + <usize>load<u32>(literal, SCAN_LITERAL_REST);
    let left = length > 16 ? length - 16 : 0;
    for (let p = last - 16; left > 0; left--, p--, rest += 2) {
      if ((load<u8>(p) | load<u8>(rest, 1)) != load<u8>(rest)) break;
    }
    if (left == 0) addOrderedHit(load<u32>(literal, SCAN_LITERAL_INDEX), at + 1, length);
  }
}
