import { CoreError } from '../errors.ts';
import { FRAME_HEADER_BYTES } from './frame-layout.ts';

export interface FrameOptions {
  /** Bytes of `input`, 64 to 64 MiB: one frame of the greatest length must fit. 256 KiB unless given. */
  readonly capacity?: number;
  /** Payload that a data frame has at most; `capacity` less 12 unless given. */
  readonly maxLength?: number;
  /** Frames that one call describes or emits at most, 1 to 2^20; 4096 unless given. */
  readonly maxFrames?: number;
}

/** What a peer did wrong: a version other than 0, a type above 3, a data frame above `maxLength`. */
export type FrameViolation = 'version' | 'type' | 'length';

/**
 * Frames of yamux parsed and emitted in batches. Write received bytes at `input[room()]` and on, then `parse` how many
 * they were, and again with 0 as long as it gives `maxFrames`. A descriptor is DESCRIPTOR_WORDS words:
 *
 *     type | flags << 8    stream    length    payload offset in `input`
 *
 * A frame is described when it is there whole; what is not stays, in front of what comes next. Payloads lie where they
 * were received until the next call of `room`. A limit is checked as soon as the header is there. The views are the same for the life of the
 * batch, and no call allocates.
 */
export interface FrameBatchFace {
  readonly input: Uint8Array;
  /** Descriptors of the last `parse`. */
  readonly incoming: Uint32Array;
  /** Descriptors for `emit`; their payload offsets are not looked at. */
  readonly outgoing: Uint32Array;
  /** Headers that `emit` wrote, 12 bytes each, one after the other. */
  readonly headers: Uint8Array;
  /** Set once the stream has broken a limit; nothing is parsed any more. */
  readonly violation: FrameViolation | null;
  /** Moves a partial frame to the front, after which payloads described before are gone. @returns where to write */
  room(): number;
  /** `count` bytes more are in `input`. @returns how many frames are described; throws `CW_CORE_FRAMES` */
  parse(count: number): number;
  /** Writes the headers of the first `count` descriptors. @returns their bytes; throws `CW_CORE_FRAMES` */
  emit(count: number): number;
}

/** Throws `CW_CORE_FRAMES`. */
export function readFrameOptions(options: FrameOptions): Required<FrameOptions> {
  const { capacity = 262_144, maxFrames = 4096 } = options;
  checkFrames('capacity', capacity, 64, 1 << 26);
  const { maxLength = capacity - FRAME_HEADER_BYTES } = options;
  checkFrames('maxLength', maxLength, 0, capacity - FRAME_HEADER_BYTES);
  checkFrames('maxFrames', maxFrames, 1, 1 << 20);
  return { capacity, maxLength, maxFrames };
}

/** Throws `CW_CORE_FRAMES` unless it is a whole number between the two. */
export function checkFrames(name: string, value: number, from: number, to: number): void {
  if (!Number.isInteger(value) || value < from || value > to) {
    throw new CoreError('CW_CORE_FRAMES', `${name} is a whole number from ${from} to ${to}, not ${value}`);
  }
}
